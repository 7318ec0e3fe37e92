package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/uptrace/bun"
	"go.temporal.io/sdk/client"

	"unireg/certificate"
	"unireg/clamd"
	"unireg/config"
	"unireg/metrics"
	"unireg/partner"
	"unireg/record/codes"
	"unireg/storage"
	"unireg/worker"
	"unireg/workflows"
)

// rooms are what a process of the system works with, joined to one another.
type rooms struct {
	config   config.Config
	log      *slog.Logger
	db       *bun.DB
	store    *storage.Store
	objects  *storage.Objects
	files    *storage.Files
	temporal client.Client
	door     *workflows.Client
	trust    *certificate.Trust // nil where no CA is trusted
	partner  *partner.Client    // of the CA company and the issuers
	verifier *partner.Verifier  // of what the CA company calls back
	scanner  *clamd.Client      // of attachments; nil where nothing is scanned
	outgoing outgoing           // what leaves the portal
	// checkpoints prove the history; without an object store nil.
	checkpoints *storage.Checkpoints
	metrics     *metrics.Metrics // nil where nobody watches
}

// databasePatience is how long a starting process waits for the database.
const databasePatience = 30 * time.Second

// openRooms connects. The database must answer; the object store and Temporal
// may be away: what does not need them works without.
func openRooms(ctx context.Context, c config.Config, log *slog.Logger) (*rooms, error) {
	return openWatched(ctx, c, log, nil)
}

// openWatched is openRooms for a process that tells figures.
func openWatched(ctx context.Context, c config.Config, log *slog.Logger, figures *metrics.Metrics) (*rooms, error) {
	r := &rooms{config: c, log: log, metrics: figures}
	var err error
	if r.trust, err = loadTrust(c); err != nil {
		return nil, err
	}
	if err := r.openPartner(); err != nil {
		return nil, err
	}
	if r.scanner, err = openScanner(c); err != nil {
		return nil, err
	}
	if r.outgoing, err = openOutgoing(c); err != nil {
		return nil, err
	}
	if r.db, err = storage.Open(c.DatabaseURL.Reveal(), c.DBConnections); err != nil {
		return nil, err
	}
	r.store = storage.New(r.db, c.Keyring(), c.Policy())
	if figures != nil {
		figures.Pool(r.db.DB)
		r.store.Watch(figures)
		if c.Temporal.MetricsHandler, err = figures.Temporal(log); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	if err := r.awaitDatabase(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if _, err := r.store.FollowCodes(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("read the imported code tables (unireg migrate status tells whether the schema is current): %w", err), r.close())
	}
	if _, err := r.store.FollowRules(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("read the rules on periods and calendar (unireg migrate status tells whether the schema is current): %w", err), r.close())
	}
	if c.S3Endpoint != "" {
		if r.objects, err = newObjects(c); err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.files = storage.NewFiles(r.store, r.objects, storage.FileLimits{MaxSize: c.MaxFileBytes(), Quota: c.QuotaBytes()})
		if err := r.openCheckpoints(); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	if r.temporal, r.door, err = dialTemporal(c, log); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if figures != nil {
		r.door.Watch(figures)
	}
	return r, nil
}

// loadTrust reads the issuers whose certificates count.
func loadTrust(c config.Config) (*certificate.Trust, error) {
	if c.CATrust == "" {
		return nil, nil //nolint:nilnil // no certificate login is an ordinary setting
	}
	text, err := os.ReadFile(c.CATrust)
	if err != nil {
		return nil, fmt.Errorf("UNIREG_CA_TRUST names a file that cannot be read: %w", err)
	}
	trust, err := certificate.ParseTrust(text)
	if err != nil {
		return nil, fmt.Errorf("UNIREG_CA_TRUST names a file with a fault: %w", err)
	}
	return trust, nil
}

// openPartner prepares what speaks with the CA company and the issuers. Nothing
// is called.
func (r *rooms) openPartner() error {
	c := r.config
	var issuers []string
	if r.trust != nil {
		for _, issuer := range r.trust.Issuers() {
			for _, address := range []string{issuer.CRL, issuer.OCSP} {
				if address != "" {
					issuers = append(issuers, address)
				}
			}
		}
	}
	var err error
	r.partner, err = partner.NewClient(partner.Config{
		URL: c.CAURL, Token: c.CAToken.Reveal(), Secrets: c.CASigners(), Issuers: issuers, Private: c.EgressPrivate,
	})
	if err != nil {
		return fmt.Errorf("UNIREG_CA_URL, UNIREG_CA_SECRETS or UNIREG_CA_TRUST: %w", err)
	}
	if r.verifier, err = partner.NewVerifier(c.CAVerifiers()); err != nil {
		return fmt.Errorf("UNIREG_CA_CALLBACK_KEYS: %w", err)
	}
	return nil
}

// messenger calls subscribers on changes: in production over TLS only.
func (r *rooms) messenger() *partner.Messenger {
	return partner.NewMessenger(partner.MessengerConfig{Private: r.config.EgressPrivate, Plain: r.config.Mode == config.Development})
}

// newObjects names the bucket of the settings. It does not connect.
func newObjects(c config.Config) (*storage.Objects, error) {
	return storage.NewObjects(storage.ObjectsConfig{
		Endpoint: c.S3Endpoint, AccessKey: c.S3AccessKey.Reveal(), SecretKey: c.S3SecretKey.Reveal(),
		Bucket: c.S3Bucket, Secure: c.S3Secure,
	})
}

// dialTemporal prepares the connection to Temporal, which connects when it is
// first used.
func dialTemporal(c config.Config, log *slog.Logger) (client.Client, *workflows.Client, error) {
	options := c.Temporal
	options.Logger = worker.Logger(log)
	connection, err := client.NewLazyClient(options)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare the connection to Temporal: %w", err)
	}
	return connection, workflows.NewClient(connection, c.Temporal.Namespace), nil
}

// awaitDatabase waits until the database answers, for a limited time.
func (r *rooms) awaitDatabase(ctx context.Context) error {
	deadline, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := r.store.Ping(deadline)
		if err == nil {
			return nil
		}
		select {
		case <-deadline.Done():
			return fmt.Errorf("the database does not answer: %w", err)
		case <-tick.C:
			r.log.WarnContext(ctx, "waiting for the database", slog.Any("error", err))
		}
	}
}

// editionsEvery is how often a process asks whether codes were imported or rules
// changed.
const editionsEvery = 15 * time.Second

// followEditions has the process use what is imported and set while it runs, until
// ctx ends. Two small questions in a while ask for it, no request does. While the
// database is away tables and rules stay as they are.
func (r *rooms) followEditions(ctx context.Context) error {
	tick := time.NewTicker(editionsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		ask, cancel := context.WithTimeout(ctx, editionsEvery)
		changed, err := r.store.FollowCodes(ask)
		switch {
		case err != nil && ctx.Err() == nil:
			r.log.WarnContext(ctx, "imported codes are not known", slog.Any("error", err))
		case changed:
			r.log.InfoContext(ctx, "code tables changed", slog.Int64("edition", codes.InUse().No()))
		}
		changed, err = r.store.FollowRules(ask)
		cancel()
		switch {
		case err != nil && ctx.Err() == nil:
			r.log.WarnContext(ctx, "rules on periods and calendar are not known", slog.Any("error", err))
		case changed:
			r.log.InfoContext(ctx, "rules changed", slog.Int64("edition", r.store.Policy().Edition))
		}
	}
}

// close ends all connections.
func (r *rooms) close() error {
	if r.temporal != nil {
		r.temporal.Close()
	}
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}
