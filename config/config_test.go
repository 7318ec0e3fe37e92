package config_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/config"
	"unireg/record"
)

// randomKey returns a key as the environment writes it.
func randomKey() string {
	secret := make([]byte, config.KeySize)
	_, _ = rand.Read(secret) // never fails
	return base64.StdEncoding.EncodeToString(secret)
}

// production is an environment in which every part runs, changed by the lines
// given: NAME=value sets, NAME alone removes.
func production(changes ...string) []string {
	environment := map[string]string{
		"UNIREG_ORIGIN":               "https://reg.example.cn",
		"UNIREG_DATABASE_URL":         "postgres://unireg_app:dn2-fK9_xq@db:5432/unireg",
		"UNIREG_MIGRATE_DATABASE_URL": "postgres://unireg_owner:pW7-aa3_zt@db:5432/unireg",
		"UNIREG_S3_ENDPOINT":          "minio:9000",
		"UNIREG_S3_ACCESS_KEY":        "unireg-portal",
		"UNIREG_S3_SECRET_KEY":        "hJ2kd93jfk-qpw",
		"UNIREG_MASTER_KEYS":          "k2:" + randomKey() + ",k1:" + randomKey(),
		"UNIREG_INDEX_KEY":            randomKey(),
		"UNIREG_COOKIE_KEY":           randomKey(),
		"UNIREG_CHECKPOINT_KEY":       randomKey(),
	}
	for _, change := range changes {
		name, value, set := strings.Cut(change, "=")
		environment[name] = value
		if !set {
			delete(environment, name)
		}
	}
	lines := make([]string, 0, len(environment))
	for name, value := range environment {
		lines = append(lines, name+"="+value)
	}
	return lines
}

var everyPart = []config.Part{config.Portal, config.Worker, config.Schema, config.Staff, config.Verify}

func TestLoadFillsDefaultsAndDerivesPolicyAndKeyring(t *testing.T) {
	c, err := config.Load(production(
		"UNIREG_REVIEW=person=automatic", "UNIREG_SCAN=required", "UNIREG_CLAMD=unix:/run/clamav/clamd.ctl", "UNIREG_SESSION_IDLE=45m",
		"TEMPORAL_ADDRESS=temporal:7233", "TEMPORAL_NAMESPACE=unireg", "UNIREG_HOTLINE=", // empty is not set
	), everyPart...)
	require.NoError(t, err)
	require.Equal(t, config.Production, c.Mode)
	require.Equal(t, "127.0.0.1:8080", c.Listen)
	require.Empty(t, c.OpsListen)
	require.True(t, c.Secure())
	require.Equal(t, 45*time.Minute, c.SessionIdle)
	require.Equal(t, "0731-82210013/82210016", c.Hotline)
	require.Equal(t, int64(20<<20), c.MaxFileBytes())
	require.Equal(t, "temporal:7233", c.Temporal.HostPort)
	require.Equal(t, "unireg", c.Temporal.Namespace)

	policy := c.Policy()
	require.False(t, policy.NeedsReview(record.PersonProfile))
	require.True(t, policy.NeedsReview(record.OrganizationProfile))
	require.True(t, policy.SecondReview)
	require.True(t, policy.ScanRequired)
	require.Equal(t, 2, policy.ReviewDays)
	require.Equal(t, 5, policy.CorrectionDays)
	require.Equal(t, 90*24*time.Hour, policy.AbandonAfter)
	require.NotNil(t, policy.Calendar)

	ring := c.Keyring()
	require.NoError(t, ring.Validate())
	require.Equal(t, "k2", ring.Primary, "the first key seals what is new")
	require.Len(t, ring.Masters, 2)
}

func TestB11_TheConfirmationIsOffUntilItSaysFromWhenOn(t *testing.T) {
	off, err := config.Load(production(), everyPart...)
	require.NoError(t, err)
	require.Empty(t, off.Policy().Confirmations)
	on, err := config.Load(production("UNIREG_CONFIRM_DAYS=365", "UNIREG_CONFIRM_SINCE=2026-03-05", "UNIREG_CONFIRM_STOPS=true"), everyPart...)
	require.NoError(t, err)
	since := time.Date(2026, 3, 4, 16, 0, 0, 0, time.UTC) // midnight in China
	require.Zero(t, on.Policy().Confirmations.At(since.Add(-time.Second)))
	rule := on.Policy().Confirmations.At(since)
	require.Equal(t, 365, rule.Days)
	require.True(t, rule.Stops)
}

func TestLoadNamesEachFaultInOneSentence(t *testing.T) {
	short := base64.StdEncoding.EncodeToString([]byte("too short"))
	same := randomKey()
	for _, test := range []struct {
		name, change, want string
	}{
		{"mode", "UNIREG_MODE=prod", `UNIREG_MODE is neither production nor development: "prod"`},
		{"listen", "UNIREG_LISTEN=8080", `UNIREG_LISTEN is not host:port: "8080"`},
		{"origin with a path", "UNIREG_ORIGIN=https://reg.example.cn/", `UNIREG_ORIGIN is not an origin such as https://reg.example.cn: "https://reg.example.cn/"`},
		{"proxy", "UNIREG_TRUSTED_PROXIES=10.0.0.0/8,nginx", `UNIREG_TRUSTED_PROXIES names "nginx", which is neither an address nor a network`},
		{"proxy everybody", "UNIREG_TRUSTED_PROXIES=0.0.0.0/0", `UNIREG_TRUSTED_PROXIES trusts everybody with "0.0.0.0/0": name the proxies`},
		{"number", "UNIREG_REVIEW_DAYS=two", "UNIREG_REVIEW_DAYS is not a whole number"},
		{"range", "UNIREG_CORRECTION_DAYS=0", "UNIREG_CORRECTION_DAYS is not between 1 and 250: 0"},
		{"bool", "UNIREG_SECOND_REVIEW=ja", "UNIREG_SECOND_REVIEW is not true or false"},
		{"duration", "UNIREG_SESSION_IDLE=30", "UNIREG_SESSION_IDLE is not a duration such as 30m or 12h"},
		{"absolute below idle", "UNIREG_SESSION_ABSOLUTE=10m", "UNIREG_SESSION_ABSOLUTE is not between UNIREG_SESSION_IDLE and 168h: 10m0s"},
		{"level", "UNIREG_LOG_LEVEL=loud", "UNIREG_LOG_LEVEL is not debug, info, warn or error"},
		{"kind", "UNIREG_REVIEW=award2=automatic", `UNIREG_REVIEW names "award2", which is no kind of record`},
		{"review mode", "UNIREG_REVIEW=person=never", `UNIREG_REVIEW gives person the mode "never": use required or automatic`},
		{"disclosure", "UNIREG_DISCLOSURE=true", `UNIREG_DISCLOSURE is neither on nor off: "true"`},
		{"confirmation from when", "UNIREG_CONFIRM_DAYS=365", "UNIREG_CONFIRM_SINCE is required where UNIREG_CONFIRM_DAYS is set"},
		{"confirmation in no time", "UNIREG_CONFIRM_DAYS=30 UNIREG_CONFIRM_SINCE=2026-03-05", "UNIREG_CONFIRM_DAYS is neither 0 nor between 90 and 1830: 30"},
		{"confirmation since no day", "UNIREG_CONFIRM_SINCE=soon", `UNIREG_CONFIRM_SINCE is no day such as 2026-03-05: "soon"`},
		{"scan", "UNIREG_SCAN=on", `UNIREG_SCAN is neither off nor required: "on"`},
		{"U5 scans without a scanner", "UNIREG_SCAN=required", "UNIREG_CLAMD is required where UNIREG_SCAN is required"},
		{"U5 scanner", "UNIREG_CLAMD=clamav", `UNIREG_CLAMD names no scanner: "clamav" is neither unix:/path nor host:port`},
		{"quota", "UNIREG_QUOTA_MIB=10", "UNIREG_QUOTA_MIB is smaller than one attachment may be (20 MiB)"},
		{"endpoint with a scheme", "UNIREG_S3_ENDPOINT=http://minio:9000", `UNIREG_S3_ENDPOINT is not host:port without a scheme: "http://minio:9000"`},
		{"key", "UNIREG_INDEX_KEY=*", "UNIREG_INDEX_KEY is not base64"},
		{"short key", "UNIREG_COOKIE_KEY=" + short, "UNIREG_COOKIE_KEY holds 9 bytes, want 32"},
		{"webhook secret", "UNIREG_CA_SECRETS=whsec_short", "UNIREG_CA_SECRETS holds something that is no whsec_ secret of 24 to 64 bytes in base64"},
		{"agent elsewhere", "UNIREG_AGENT_ORIGIN=http://10.0.0.1:17680", `UNIREG_AGENT_ORIGIN is not http on a loopback address with a port: "http://10.0.0.1:17680"`},
		{"CRL pace", "UNIREG_CRL_REFRESH=1ms", "UNIREG_CRL_REFRESH is not between 1s and 24h0m0s: 1ms"},
		{"nameless key", "UNIREG_MASTER_KEYS=" + randomKey(), "UNIREG_MASTER_KEYS has no name before its entry 1: write name:base64"},
		{"key named twice", "UNIREG_MASTER_KEYS=a:" + randomKey() + ",a:" + randomKey(), `UNIREG_MASTER_KEYS names the key "a" twice`},
		{"short master key", "UNIREG_MASTER_KEYS=a:" + short, `UNIREG_MASTER_KEYS has a key "a" that holds 9 bytes, want 32`},
		{"one key for two uses", "UNIREG_MASTER_KEYS=a:" + same + ",b:" + same, "UNIREG_MASTER_KEYS holds the same key as UNIREG_MASTER_KEYS: every use takes a key of its own"},
		{"database", "UNIREG_DATABASE_URL=mysql://u:hunter2hunter2@db/x", "UNIREG_DATABASE_URL is not a URL such as postgres://role:password@host:5432/database"},
		{"holidays", "UNIREG_HOLIDAYS_FILE=/nonexistent/holidays.tsv", "UNIREG_HOLIDAYS_FILE names a file that cannot be read"},
		{"misspelt", "UNIREG_LISTNE=127.0.0.1:80", "UNIREG_LISTNE is no setting of this program: was UNIREG_LISTEN meant?"},
		{"temporal", "TEMPORAL_TLS_SERVER_CA_CERT_PATH=/nonexistent/ca.pem", "TEMPORAL_* cannot be read"},
		{"profiles nowhere", "UNIREG_PPROF=true", "UNIREG_PPROF has nowhere to be served: name UNIREG_OPS_LISTEN"},
		{"drain", "UNIREG_DRAIN=0s", "UNIREG_DRAIN is not between 1s and 1h: 0s"},
		{"drain notice", "UNIREG_DRAIN_NOTICE=1h", "UNIREG_DRAIN_NOTICE is not between 0s and 10m: 1h0m0s"},
		{"ops on the public port", "UNIREG_OPS_LISTEN=127.0.0.1:8080", "UNIREG_OPS_LISTEN is the public address itself"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Load(production(strings.Fields(test.change)...), everyPart...)
			require.ErrorContains(t, err, test.want)
			require.Len(t, strings.Split(err.Error(), "\n"), 1, "one fault, one sentence")
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestCACompanyTakesItsSecrets(t *testing.T) {
	_, err := config.Load(production("UNIREG_CA_URL=http://ca.example.cn"), everyPart...)
	require.ErrorContains(t, err, "UNIREG_CA_URL is not https, which production mode demands")
	for _, name := range []string{"UNIREG_CA_TOKEN", "UNIREG_CA_SECRETS", "UNIREG_CA_CALLBACK_KEYS"} {
		require.ErrorContains(t, err, name+" is required (or "+name+"_FILE) where UNIREG_CA_URL is set")
	}
	require.Len(t, strings.Split(err.Error(), "\n"), 4)
}

func TestLoadJoinsAllFaults(t *testing.T) {
	_, err := config.Load([]string{"UNIREG_MODE=development", "UNIREG_REVIEW_DAYS=-1", "UNIREG_LISTNE=x"}, config.Portal, config.Schema)
	require.Error(t, err)
	for _, want := range []string{
		"UNIREG_REVIEW_DAYS is not between", "UNIREG_LISTNE is no setting", "UNIREG_DATABASE_URL is required (or UNIREG_DATABASE_URL_FILE)",
		"UNIREG_MIGRATE_DATABASE_URL is required", "UNIREG_S3_ENDPOINT is required", "UNIREG_MASTER_KEYS is required",
		"UNIREG_INDEX_KEY is required", "UNIREG_COOKIE_KEY is required",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "UNIREG_ORIGIN", "development has an origin of its own")
}

func TestEachPartNeedsOnlyItsOwn(t *testing.T) {
	_, err := config.Load([]string{"UNIREG_MIGRATE_DATABASE_URL=postgres://owner:x8-KqqW1z@db/unireg"}, config.Schema)
	require.NoError(t, err)
	_, err = config.Load(production("UNIREG_COOKIE_KEY", "UNIREG_ORIGIN", "UNIREG_MIGRATE_DATABASE_URL"), config.Worker)
	require.NoError(t, err)
	_, err = config.Load(production("UNIREG_ORIGIN"), config.Portal)
	require.ErrorContains(t, err, "UNIREG_ORIGIN is required")
}

func TestW37ProductionRefusesWhatADemonstrationMayDo(t *testing.T) {
	flat := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", config.KeySize)))
	counted := make([]byte, config.KeySize)
	for i := range counted {
		counted[i] = byte(i)
	}
	for _, test := range []struct {
		name, change, want string
	}{
		{"plain http", "UNIREG_ORIGIN=http://reg.example.cn", "UNIREG_ORIGIN is not https"},
		{"key of a demonstration", "UNIREG_MASTER_KEYS=demo-1:" + randomKey(), `UNIREG_MASTER_KEYS holds "demo-1", a key of a demonstration`},
		{"flat key", "UNIREG_INDEX_KEY=" + flat, "UNIREG_INDEX_KEY was not drawn at random"},
		{"counted key", "UNIREG_MASTER_KEYS=k:" + base64.StdEncoding.EncodeToString(counted), `UNIREG_MASTER_KEYS holds "k", which was not drawn at random`},
		{"metrics for everybody", "UNIREG_OPS_LISTEN=0.0.0.0:9090", "UNIREG_OPS_LISTEN is not a loopback or private address"},
		{"metrics on all interfaces", "UNIREG_OPS_LISTEN=:9090", "UNIREG_OPS_LISTEN is not a loopback or private address"},
		{"metrics on a public address", "UNIREG_OPS_LISTEN=203.0.113.7:9090", "UNIREG_OPS_LISTEN is not a loopback or private address"},
		{"password of the examples", "UNIREG_DATABASE_URL=postgres://unireg_app:postgres@db/unireg", "UNIREG_DATABASE_URL has a well-known password"},
		{"object store as it comes", "UNIREG_S3_SECRET_KEY=minioadmin", "UNIREG_S3_SECRET_KEY is well known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Load(production(test.change), everyPart...)
			require.ErrorContains(t, err, test.want)
			_, err = config.Load(production(test.change, "UNIREG_MODE=development"), everyPart...)
			require.NoError(t, err, "development allows it")
		})
	}
	_, err := config.Load(production("UNIREG_OPS_LISTEN=10.1.2.3:9090"), everyPart...)
	require.NoError(t, err)
}

func TestForgottenModeIsProduction(t *testing.T) {
	_, err := config.Load(production("UNIREG_MODE", "UNIREG_ORIGIN=http://reg.example.cn"), config.Portal)
	require.ErrorContains(t, err, "UNIREG_ORIGIN is not https")
}

func TestSecretsComeFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "index")
	key := randomKey()
	require.NoError(t, os.WriteFile(file, []byte(key+"\n"), 0o600))
	c, err := config.Load(production("UNIREG_INDEX_KEY", "UNIREG_INDEX_KEY_FILE="+file), everyPart...)
	require.NoError(t, err)
	require.Equal(t, key, c.IndexKey.Base64())

	for _, test := range []struct{ name, change, want string }{
		{"missing", "UNIREG_INDEX_KEY_FILE=" + file + "x", "UNIREG_INDEX_KEY_FILE names a file that does not exist"},
		{"directory", "UNIREG_INDEX_KEY_FILE=" + filepath.Dir(file), "UNIREG_INDEX_KEY_FILE names a file that cannot be read"},
		{"no secret", "UNIREG_S3_ENDPOINT_FILE=" + file, "UNIREG_S3_ENDPOINT_FILE is no setting of this program"},
	} {
		t.Run(test.name, func(t *testing.T) {
			removed := "UNIREG_INDEX_KEY"
			if test.name == "no secret" {
				removed = "UNIREG_INDEX_KEY=" + key
			}
			_, err := config.Load(production(removed, test.change), everyPart...)
			require.ErrorContains(t, err, test.want)
			require.Len(t, strings.Split(err.Error(), "\n"), 1)
		})
	}
	_, err = config.Load(production("UNIREG_INDEX_KEY_FILE="+file), everyPart...)
	require.ErrorContains(t, err, "UNIREG_INDEX_KEY is given twice")
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	environment := production()
	c, err := config.Load(environment, everyPart...)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("configuration", "config", c, "url", c.DatabaseURL, "key", c.IndexKey, "keys", c.MasterKeys)
	encoded, err := json.Marshal(struct {
		URL  config.Secret
		Key  config.Key
		Keys config.MasterKeys
	}{c.DatabaseURL, c.IndexKey, c.MasterKeys})
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v %s %s %v", c, c, c, c, encoded, []any{c.DatabaseURL, c.MasterKeys, c.CookieKey}) + log.String()
	require.Contains(t, printed, "UNIREG_S3_ENDPOINT=minio:9000")
	require.Contains(t, printed, "k2:[secret]")
	for _, secret := range []string{
		c.DatabaseURL.Reveal(), "dn2-fK9_xq", "pW7-aa3_zt", c.S3SecretKey.Reveal(), c.S3AccessKey.Reveal(),
		c.IndexKey.Base64(), c.CookieKey.Base64(), c.MasterKeys[0].Key.Base64(), string(c.IndexKey.Bytes()),
	} {
		require.NotContains(t, printed, secret)
	}
}

func TestTableKeepsTheReadmeEqual(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	fresh, err := config.InsertTable(string(readme))
	require.NoError(t, err)
	require.Equal(t, fresh, string(readme), "run make generate")
	for _, v := range config.Variables() {
		require.NotEmpty(t, v.Doc, v.Name)
		require.Contains(t, config.Table(), "`"+v.Name+"`")
	}
}
