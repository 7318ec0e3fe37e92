package config

import (
	"maps"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"unireg/clamd"
)

// DemoKey leads the names of master keys made for a demonstration. Production
// mode refuses them, and with them every database of a demonstration: its
// contents cannot be opened under another key.
const DemoKey = "demo"

// Validate reports every fault of the settings, each in a sentence that begins
// with the variable, and what the named parts need and do not have.
func (c Config) Validate(parts ...Part) error {
	f := maps.Clone(c.faults)
	if f == nil {
		f = faults{}
	}
	c.checkPresence(f, parts)
	c.checkAddresses(f)
	c.checkServers(f)
	c.checkKeys(f)
	c.checkLimits(f)
	c.checkCA(f)
	c.checkOutgoing(f, parts)
	if c.Mode == Production {
		c.checkProduction(f, parts)
	}
	return f.err()
}

// checkPresence reports settings that a part cannot run without.
func (c Config) checkPresence(f faults, parts []Part) {
	settings := reflect.ValueOf(c)
	for _, v := range variables() {
		needed := slices.ContainsFunc(parts, func(p Part) bool { return slices.Contains(v.Needs, p) })
		if needed && settings.FieldByName(v.field).IsZero() && !f.has(v.Name) {
			hint := ""
			if v.secret() {
				hint = " (or " + v.Name + "_FILE)"
			}
			f.add(v.Name, "is required%s: %s", hint, v.Doc)
		}
	}
}

// checkAddresses checks where the portal listens and how it is reached.
func (c Config) checkAddresses(f faults) {
	for _, address := range []struct{ name, value string }{
		{"UNIREG_LISTEN", c.Listen},
		{"UNIREG_OPS_LISTEN", c.OpsListen},
	} {
		if address.value == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(address.value); err != nil {
			f.add(address.name, "is not host:port: %q", address.value)
		}
	}
	if c.OpsListen != "" && c.OpsListen == c.Listen {
		f.add("UNIREG_OPS_LISTEN", "is the public address itself: health and metrics take another port")
	}
	if c.PProf && c.OpsListen == "" {
		f.add("UNIREG_PPROF", "has nowhere to be served: name UNIREG_OPS_LISTEN")
	}
	if c.Origin != "" && !validOrigin(c.Origin) {
		f.add("UNIREG_ORIGIN", "is not an origin such as https://reg.example.cn: %q", c.Origin)
	}
	for _, proxy := range c.TrustedProxies {
		if network, ok := parseNetwork(proxy); !ok {
			f.add("UNIREG_TRUSTED_PROXIES", "names %q, which is neither an address nor a network", proxy)
		} else if network.Bits() == 0 {
			f.add("UNIREG_TRUSTED_PROXIES", "trusts everybody with %q: name the proxies", proxy)
		}
	}
	if c.TemporalUIURL != "" && !validURL(c.TemporalUIURL, "http", "https") {
		f.add("UNIREG_TEMPORAL_UI_URL", "is not an http or https address: %q", c.TemporalUIURL)
	}
}

// checkServers checks how PostgreSQL and the object store are named. URLs of
// the database hold a password and are not shown.
func (c Config) checkServers(f faults) {
	for _, database := range []struct {
		name string
		url  Secret
	}{
		{"UNIREG_DATABASE_URL", c.DatabaseURL},
		{"UNIREG_MIGRATE_DATABASE_URL", c.MigrateDatabaseURL},
	} {
		if database.url != "" && !validURL(database.url.Reveal(), "postgres", "postgresql") {
			f.add(database.name, "is not a URL such as postgres://role:password@host:5432/database")
		}
	}
	if c.S3Endpoint != "" && (strings.Contains(c.S3Endpoint, "/") || !validURL("http://"+c.S3Endpoint, "http")) {
		f.add("UNIREG_S3_ENDPOINT", "is not host:port without a scheme: %q", c.S3Endpoint)
	}
}

// checkKeys checks the keys' relations; each alone was checked when read.
func (c Config) checkKeys(f faults) {
	seen := map[string]string{}
	unique := func(name string, key Key) {
		text := string(key.Bytes())
		if text == "" {
			return
		}
		if other := seen[text]; other != "" {
			f.add(name, "holds the same key as %s: every use takes a key of its own", other)
		}
		seen[text] = name
	}
	for _, k := range c.MasterKeys {
		unique("UNIREG_MASTER_KEYS", k.Key)
	}
	unique("UNIREG_INDEX_KEY", c.IndexKey)
	unique("UNIREG_COOKIE_KEY", c.CookieKey)
	unique("UNIREG_CHECKPOINT_KEY", c.CheckpointKey)
	if _, err := c.Checkpointing(); err != nil {
		f.add("UNIREG_CHECKPOINT_TRUST", "holds something else: %v", err)
	}
}

// checkLimits checks modes, counts and durations.
func (c Config) checkLimits(f faults) {
	if c.Mode != Production && c.Mode != Development {
		f.add("UNIREG_MODE", "is neither %s nor %s: %q", Production, Development, string(c.Mode))
	}
	if c.Disclosure != DisclosureOn && c.Disclosure != DisclosureOff {
		f.add("UNIREG_DISCLOSURE", "is neither %s nor %s: %q", DisclosureOn, DisclosureOff, string(c.Disclosure))
	}
	c.checkScan(f)
	for _, number := range []struct {
		name       string
		value      int
		least, top int
	}{
		{"UNIREG_DB_CONNECTIONS", c.DBConnections, 2, 1000},
		{"UNIREG_SAMPLE_PERCENT", c.SamplePercent, 0, 100},
		{"UNIREG_REVIEW_DAYS", c.ReviewDays, 1, 250},
		{"UNIREG_CORRECTION_DAYS", c.CorrectionDays, 1, 250},
		{"UNIREG_ABANDON_DAYS", c.AbandonDays, 1, 3650},
		{"UNIREG_MAX_FILE_MIB", c.MaxFileMiB, 1, 1024},
		{"UNIREG_QUOTA_MIB", c.QuotaMiB, 1, 1 << 20},
		{"UNIREG_CA_SILENCE_DAYS", c.CASilenceDays, 1, 250},
	} {
		if number.value < number.least || number.value > number.top {
			f.add(number.name, "is not between %d and %d: %d", number.least, number.top, number.value)
		}
	}
	if c.QuotaMiB < c.MaxFileMiB {
		f.add("UNIREG_QUOTA_MIB", "is smaller than one attachment may be (%d MiB)", c.MaxFileMiB)
	}
	if c.SessionIdle < time.Minute || c.SessionIdle > 24*time.Hour {
		f.add("UNIREG_SESSION_IDLE", "is not between 1m and 24h: %s", c.SessionIdle)
	}
	if c.ProofDifficulty < 1000 || c.ProofDifficulty > 50_000_000 {
		f.add("UNIREG_PROOF_DIFFICULTY", "is not between 1000 and 50000000: %d", c.ProofDifficulty)
	}
	if c.Drain < time.Second || c.Drain > time.Hour {
		f.add("UNIREG_DRAIN", "is not between 1s and 1h: %s", c.Drain)
	}
	if c.DrainNotice < 0 || c.DrainNotice > 10*time.Minute {
		f.add("UNIREG_DRAIN_NOTICE", "is not between 0s and 10m: %s", c.DrainNotice)
	}
	if c.RingWait < 100*time.Millisecond || c.RingWait > 10*time.Second {
		f.add("UNIREG_RING_WAIT", "is not between 100ms and 10s: %s", c.RingWait)
	}
	if c.SessionAbsolute < c.SessionIdle || c.SessionAbsolute > 7*24*time.Hour {
		f.add("UNIREG_SESSION_ABSOLUTE", "is not between UNIREG_SESSION_IDLE and 168h: %s", c.SessionAbsolute)
	}
}

// checkScan checks that what asks for scans names who scans.
func (c Config) checkScan(f faults) {
	if c.Scan != ScanOff && c.Scan != ScanRequired {
		f.add("UNIREG_SCAN", "is neither %s nor %s: %q", ScanOff, ScanRequired, string(c.Scan))
	}
	if c.Clamd != "" {
		if _, err := clamd.New(c.Clamd); err != nil {
			f.add("UNIREG_CLAMD", "names no scanner: %v", err)
		}
	} else if c.Scan == ScanRequired {
		f.add("UNIREG_CLAMD", "is required where UNIREG_SCAN is %s: name the ClamAV daemon, such as unix:/run/clamav/clamd.ctl", ScanRequired)
	}
}

// checkProduction refuses what only a demonstration may do.
func (c Config) checkProduction(f faults, parts []Part) {
	if slices.Contains(parts, Portal) && c.Origin != "" && !c.Secure() {
		f.add("UNIREG_ORIGIN", "is not https, which production mode demands: %q", c.Origin)
	}
	if c.OpsListen != "" && !privateAddress(c.OpsListen) {
		f.add("UNIREG_OPS_LISTEN", "is not a loopback or private address, as production mode demands of health and metrics: %q", c.OpsListen)
	}
	for _, k := range c.MasterKeys {
		if strings.HasPrefix(strings.ToLower(k.Name), DemoKey) {
			f.add("UNIREG_MASTER_KEYS", "holds %q, a key of a demonstration, which production mode refuses", k.Name)
		}
		if k.Key.weak() {
			f.add("UNIREG_MASTER_KEYS", "holds %q, which was not drawn at random: use openssl rand -base64 32", k.Name)
		}
	}
	if slices.Contains(parts, Worker) && len(c.CheckpointKey.Bytes()) == 0 && !f.has("UNIREG_CHECKPOINT_KEY") {
		f.add("UNIREG_CHECKPOINT_KEY", "is required in production mode (or UNIREG_CHECKPOINT_KEY_FILE): without checkpoints nobody can tell whether the history was rewritten")
	}
	for name, key := range map[string]Key{"UNIREG_INDEX_KEY": c.IndexKey, "UNIREG_COOKIE_KEY": c.CookieKey, "UNIREG_CHECKPOINT_KEY": c.CheckpointKey} {
		if key.String() != "" && key.weak() {
			f.add(name, "was not drawn at random: use openssl rand -base64 32")
		}
	}
	for name, database := range map[string]Secret{"UNIREG_DATABASE_URL": c.DatabaseURL, "UNIREG_MIGRATE_DATABASE_URL": c.MigrateDatabaseURL} {
		if u, err := url.Parse(database.Reveal()); err == nil && u.User != nil {
			if password, given := u.User.Password(); given && wellKnown(password) {
				f.add(name, "has a well-known password, which production mode refuses")
			}
		}
	}
	if c.S3SecretKey != "" && wellKnown(c.S3SecretKey.Reveal()) {
		f.add("UNIREG_S3_SECRET_KEY", "is well known, which production mode refuses")
	}
}

// wellKnown reports whether a password is one that products and examples come
// with.
func wellKnown(password string) bool {
	switch strings.ToLower(password) {
	case "", "postgres", "password", "passw0rd", "secret", "changeme", "change-me", "unireg", "unireg_app", "unireg_owner",
		"temporal", "minio", "minioadmin", "minio123", "admin", "root", "test", "demo", "example", "123456", "12345678":
		return true
	}
	return false
}

// validOrigin reports whether the text is scheme and host, and nothing more.
func validOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && text == u.Scheme+"://"+u.Host
}

func validURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Host != ""
}

// parseNetwork reads an address or a network.
func parseNetwork(text string) (netip.Prefix, bool) {
	if network, err := netip.ParsePrefix(text); err == nil {
		return network, true
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address, address.BitLen()), true
}

// privateAddress reports whether only this machine or a private network
// reaches the address. All interfaces at once are not private.
func privateAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsPrivate())
}
