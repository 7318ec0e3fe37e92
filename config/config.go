// Package config is the one place that reads the environment. A single struct
// holds every setting with its default and its meaning; Load fills it, joins
// all faults into one error with a sentence for each, and refuses in production
// mode what only a demonstration may do. Secrets come from the variable or,
// better, from a file named by the variable with _FILE appended, and are never
// printed: their types render as a placeholder wherever they are formatted,
// logged or encoded.
package config

import (
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"unireg/record"
	"unireg/smtp"
	"unireg/storage"
)

// prefix leads the name of every variable that is ours.
const prefix = "UNIREG_"

// Mode says what the system is run for.
type Mode string

// The modes. Production is the default, so that a forgotten variable is never
// what makes a public system lenient.
const (
	Production  Mode = "production"
	Development Mode = "development"
)

// Scan says whether attachments must pass a virus scanner before approval.
type Scan string

// The scanning policies.
const (
	ScanOff      Scan = "off"
	ScanRequired Scan = "required"
)

// Disclosure says whether everybody may search what is in force (信息公示).
type Disclosure string

// The choices.
const (
	DisclosureOn  Disclosure = "on"
	DisclosureOff Disclosure = "off"
)

// Part names what of the system runs in this process, after the command that
// runs it. Each needs its own settings.
type Part string

// The parts.
const (
	Portal Part = "web"
	Worker Part = "worker"
	Schema Part = "migrate"
	Staff  Part = "staff"
	Verify Part = "verify"
)

// Config is every setting of the system. The tags are the documentation: env is
// the variable without its prefix, need lists the parts that cannot run without
// it, doc is its row in the README.
type Config struct {
	Mode           Mode       `env:"MODE" envDefault:"production" doc:"production, or development: plain http and the keys of a demonstration are allowed"`
	Listen         string     `env:"LISTEN" envDefault:"127.0.0.1:8080" doc:"address of the portal, host:port"`
	OpsListen      string     `env:"OPS_LISTEN" doc:"private address of health and metrics, host:port; empty: none. Production refuses one that is not a loopback or private address"`
	PProf          bool       `env:"PPROF" envDefault:"false" doc:"whether profiles of the process are served on UNIREG_OPS_LISTEN under /debug/pprof/"`
	Origin         string     `env:"ORIGIN" doc:"origin under which browsers reach the portal, such as https://reg.example.cn; decides Secure cookies and HSTS. In development the default is http:// and the address listened on" need:"web"`
	TrustedProxies []string   `env:"TRUSTED_PROXIES" doc:"addresses or networks of the reverse proxies whose X-Forwarded headers count, comma-separated"`
	LogLevel       slog.Level `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`

	Drain       time.Duration `env:"DRAIN" envDefault:"20s" doc:"how long requests and activities under way may take to finish after SIGTERM; whoever stops the process must wait longer than this and UNIREG_DRAIN_NOTICE"`
	DrainNotice time.Duration `env:"DRAIN_NOTICE" envDefault:"0s" doc:"how long the portal goes on serving after SIGTERM while /readyz says that it stops, so that a load balancer that asks takes it out first"`

	DatabaseURL        Secret `env:"DATABASE_URL" doc:"PostgreSQL URL of the application's role" need:"web worker staff verify"`
	MigrateDatabaseURL Secret `env:"MIGRATE_DATABASE_URL" doc:"PostgreSQL URL of the role that owns the schema" need:"migrate"`
	DBConnections      int    `env:"DB_CONNECTIONS" envDefault:"20" doc:"connections to PostgreSQL that one process opens at most"`

	S3Endpoint  string `env:"S3_ENDPOINT" doc:"object store, host:port without a scheme" need:"web worker verify"`
	S3AccessKey Secret `env:"S3_ACCESS_KEY" doc:"access key of the object store" need:"web worker verify"`
	S3SecretKey Secret `env:"S3_SECRET_KEY" doc:"secret key of the object store" need:"web worker verify"`
	S3Bucket    string `env:"S3_BUCKET" envDefault:"unireg" doc:"bucket of the attachments"`
	S3Secure    bool   `env:"S3_SECURE" envDefault:"true" doc:"whether the object store is reached over TLS"`

	TemporalUIURL string `env:"TEMPORAL_UI_URL" doc:"Temporal Web as staff reach it, for the links on their pages; empty: no links"`

	MasterKeys MasterKeys `env:"MASTER_KEYS" doc:"master keys as name:base64 of 32 bytes, comma-separated; the first seals what is new, the others open what they sealed" need:"web worker staff verify"`
	IndexKey   Key        `env:"INDEX_KEY" doc:"key of the blind indexes, base64 of 32 bytes; cannot be rotated" need:"web worker staff verify"`
	CookieKey  Key        `env:"COOKIE_KEY" doc:"key of CSRF tokens and proofs of work, base64 of 32 bytes; the same for every portal" need:"web"`

	CheckpointKey   Key      `env:"CHECKPOINT_KEY" doc:"key that signs checkpoints of the history, base64 of 32 bytes; kept apart from the database and its backups. Production workers require it"`
	CheckpointTrust []string `env:"CHECKPOINT_TRUST" doc:"public keys of checkpoints that count beside that of UNIREG_CHECKPOINT_KEY, as unireg checkpoint --key prints them, comma-separated: those that were in use before it, or all of them where the key itself is not"`

	Review         Review        `env:"REVIEW" doc:"kinds with their mode, such as person=automatic,organization=required; a kind not named is reviewed"`
	SecondReview   bool          `env:"SECOND_REVIEW" envDefault:"true" doc:"whether changes of key fields take a second reviewer"`
	SamplePercent  int           `env:"SAMPLE_PERCENT" envDefault:"0" doc:"of the filings that take no second reviewer, how many in a hundred are drawn to take one, while staff set no share"`
	UndoPeriod     time.Duration `env:"UNDO_PERIOD" envDefault:"10s" doc:"for which a reviewer's decision waits and can be undone; 0s: it takes effect at once"`
	ReviewDays     int           `env:"REVIEW_DAYS" envDefault:"2" doc:"working days to decide a filing, for kinds to which staff gave no period of their own"`
	CorrectionDays int           `env:"CORRECTION_DAYS" envDefault:"5" doc:"working days to correct a returned filing, for kinds to which staff gave no period of their own"`
	AbandonDays    int           `env:"ABANDON_DAYS" envDefault:"90" doc:"days after which a registration without a profile in force is closed"`
	HolidaysFile   string        `env:"HOLIDAYS_FILE" doc:"calendar of holidays and working weekends that replaces the built-in one; staff and unireg calendar import lay later notices over it"`

	Scan       Scan   `env:"SCAN" envDefault:"off" doc:"virus scan of attachments: off shows 未扫描, required blocks approval until scanned"`
	Clamd      string `env:"CLAMD" doc:"ClamAV's daemon that scans attachments: unix:/run/clamav/clamd.ctl or host:port; its StreamMaxLength, MaxFileSize and MaxScanSize must be above UNIREG_MAX_FILE_MIB"`
	MaxFileMiB int    `env:"MAX_FILE_MIB" envDefault:"20" doc:"size of one attachment at most, MiB"`
	QuotaMiB   int    `env:"QUOTA_MIB" envDefault:"2048" doc:"size of all attachments of one subject at most, MiB"`

	SiteName string `env:"SITE_NAME" envDefault:"公共资源交易统一注册系统" doc:"name of the system on its pages"`
	Center   string `env:"CENTER" envDefault:"公共资源交易中心" doc:"name of the trading centre on the pages"`
	Motto    string `env:"MOTTO" envDefault:"统一注册 · 一次填报 · 全省通用" doc:"line below the centre's name on the login page"`
	Hotline  string `env:"HOTLINE" envDefault:"0731-82210013/82210016" doc:"service hotline on the pages"`
	Hours    string `env:"HOURS" envDefault:"工作日 9:00–17:30" doc:"hours of the hotline"`
	QQ       string `env:"QQ" envDefault:"878543073" doc:"QQ group on the pages"`

	Disclosure Disclosure `env:"DISCLOSURE" envDefault:"on" doc:"whether anybody may search units, qualifications, performance and awards in force (信息公示) without logging in: on or off"`

	SessionIdle     time.Duration `env:"SESSION_IDLE" envDefault:"30m" doc:"a session ends after so long without a request"`
	SessionAbsolute time.Duration `env:"SESSION_ABSOLUTE" envDefault:"12h" doc:"a session ends after so long in any case"`
	ProofDifficulty int64         `env:"PROOF_DIFFICULTY" envDefault:"100000" doc:"work that a browser does before it may register or search a code, in hashes at most; four times as many for persons"`
	RingWait        time.Duration `env:"RING_WAIT" envDefault:"3s" doc:"how long a submit waits for its outcome before the receipt is shown"`

	CATrust        string        `env:"CA_TRUST" doc:"file of the CA issuers whose certificates count, as JSON; empty: no certificate login"`
	CAURL          string        `env:"CA_URL" doc:"interface of the CA company that takes applications, such as https://ca.example.cn/reg; empty: no CA办理申请"`
	CAToken        Secret        `env:"CA_TOKEN" doc:"bearer token under which the CA company answers where an application stands"`
	CASecrets      Secret        `env:"CA_SECRETS" doc:"secrets (whsec_…) that sign what goes to the CA company, comma-separated; while one is exchanged both sign"`
	CACallbackKeys Secret        `env:"CA_CALLBACK_KEYS" doc:"keys that verify what the CA company calls back: whsec_… (HMAC) or whpk_… (ed25519), comma-separated"`
	CASilenceDays  int           `env:"CA_SILENCE_DAYS" envDefault:"5" doc:"working days without a word of the CA company on an application after which staff are told"`
	CAPollEvery    time.Duration `env:"CA_POLL_EVERY" envDefault:"6h" doc:"how often the CA company is asked where an open application stands"`
	CRLRefresh     time.Duration `env:"CRL_REFRESH" envDefault:"30s" doc:"how often the lists of revoked certificates are fetched; a session of a revoked certificate ends within this"`
	CRLMaxAge      time.Duration `env:"CRL_MAX_AGE" envDefault:"24h" doc:"age at which a list of revoked certificates proves nothing any more, though it names a later update"`
	EgressPrivate  bool          `env:"EGRESS_PRIVATE" envDefault:"false" doc:"whether calls to the CA company, subscribers and the gateway for short messages may reach loopback and private addresses"`
	AgentOrigin    string        `env:"AGENT_ORIGIN" envDefault:"http://127.0.0.1:17680" doc:"where browsers reach the USB-key agent on the bidder's own computer"`
	Downloads      string        `env:"DOWNLOADS" doc:"folder of the CA drivers that the portal offers; empty: the folder ukey beside the program"`

	SMTPAddress  string        `env:"SMTP_ADDRESS" doc:"mail server that takes messages to accounts and links to reset passwords, host:port; empty: nothing is sent by mail"`
	SMTPSecurity smtp.Security `env:"SMTP_TLS" envDefault:"starttls" doc:"starttls, tls from the first byte, or none, which production mode refuses"`
	SMTPUser     string        `env:"SMTP_USER" doc:"user at the mail server; empty: it asks for none"`
	SMTPPassword Secret        `env:"SMTP_PASSWORD" doc:"password of that user"`
	SMTPFrom     string        `env:"SMTP_FROM" doc:"sender of all mail, such as noreply@reg.example.cn or a name with the address in angle brackets"`
	SMSURL       string        `env:"SMS_URL" doc:"gateway of the operator's that takes short messages as signed JSON; empty: none are sent"`
	SMSSecrets   Secret        `env:"SMS_SECRETS" doc:"secrets (whsec_…) that sign what goes to the gateway, comma-separated; while one is exchanged both sign"`

	// Temporal is how the server is reached, read from Temporal's own
	// variables (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TLS_…) by the
	// SDK's envconfig.
	Temporal client.Options `env:"-"`

	calendar *record.Calendar
	faults   faults // of reading the environment, by variable
}

// Secure reports whether browsers reach the portal over TLS only.
func (c Config) Secure() bool { return strings.HasPrefix(c.Origin, "https://") }

// MaxFileBytes is the size of one attachment at most.
func (c Config) MaxFileBytes() int64 { return int64(c.MaxFileMiB) << 20 }

// QuotaBytes is the size of all attachments of a subject at most.
func (c Config) QuotaBytes() int64 { return int64(c.QuotaMiB) << 20 }

// Policy is what the settings decide of the domain's rules.
func (c Config) Policy() record.Policy {
	return record.Policy{
		Review:         c.Review,
		SecondReview:   c.SecondReview,
		SamplePercent:  c.SamplePercent,
		UndoPeriod:     c.UndoPeriod,
		ReviewDays:     c.ReviewDays,
		CorrectionDays: c.CorrectionDays,
		AbandonAfter:   time.Duration(c.AbandonDays) * 24 * time.Hour,
		ScanRequired:   c.Scan == ScanRequired,
		CASilenceDays:  c.CASilenceDays,
		CAPollEvery:    c.CAPollEvery,
		Calendar:       c.calendar,
	}
}

// Keyring holds the keys under which contents are sealed and indexed.
func (c Config) Keyring() storage.Keyring {
	ring := storage.Keyring{Masters: map[string][]byte{}, Index: c.IndexKey.Bytes()}
	for i, k := range c.MasterKeys {
		if i == 0 {
			ring.Primary = k.Name
		}
		ring.Masters[k.Name] = k.Key.Bytes()
	}
	return ring
}

// developmentOrigin is where the browser of a developer finds the portal.
func developmentOrigin(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}).String()
}
