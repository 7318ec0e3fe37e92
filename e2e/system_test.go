package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"unireg/clamd/daemon"
	"unireg/smtp/mailbox"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/web"
)

// system is the running product: the program as built, one portal and one
// worker, on servers' parts that belong to this package alone.
type system struct {
	dir     string // of logs and temporary files
	program string
	env     map[string]string
	origin  string // of the portal
	ops     string // origin of its private port
	portal  *process
	worker  *process
	// temporal is the wire by which this portal and this worker reach Temporal.
	temporal *wire

	scanner *daemon.Daemon   // looks for viruses in what is uploaded
	mail    *mailbox.Mailbox // keeps what is sent by mail

	company *company
	keys    string // folder of token files that the agent watches
	ukey    string // the agent's program

	store *storage.Store
	files *storage.Files
	// others are processes that single tests have started.
	mu     sync.Mutex
	others []*process
	bucket *storage.Objects
	namespace
}

// namespace is a Temporal namespace of this package's own.
type namespace struct {
	name   string
	client client.Client
}

var running struct {
	once   sync.Once
	system *system
	err    error
}

// TestMain ends everything that the tests have started.
func TestMain(m *testing.M) {
	flag.Parse()
	storagetest.Main(m, func() error {
		return errors.Join(closeBrowser(), stopSystem())
	})
}

// theSystem returns the running system; the first test starts it for all.
func theSystem(t testing.TB) *system {
	t.Helper()
	running.once.Do(func() {
		running.err = errors.New("the system was not started: see the first test")
		running.system, running.err = startSystem(t)
	})
	require.NoError(t, running.err)
	s := running.system
	require.True(t, s.portal.alive(), "the portal ended:\n%s", s.portal.said())
	require.True(t, s.worker.alive(), "the worker ended:\n%s", s.worker.said())
	s.portal.showWhenFailed(t)
	s.worker.showWhenFailed(t)
	return s
}

func startSystem(t testing.TB) (*system, error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	dir, err := os.MkdirTemp("", "unireg-e2e-")
	if err != nil {
		return nil, fmt.Errorf("start the system: %w", err)
	}
	s := &system{dir: dir, program: filepath.Join(dir, "unireg")}
	running.system = s // what is begun is ended, even if the rest fails
	if _, err := s.build(ctx, "unireg"); err != nil {
		return s, err
	}
	if err := s.furnish(ctx, t, storagetest.Shared(t)); err != nil {
		return s, err
	}
	if err := s.startScanner(ctx); err != nil {
		return s, err
	}
	s.env["UNIREG_SCAN"], s.env["UNIREG_CLAMD"] = "required", s.scanner.Address
	if s.mail, err = mailbox.Start(filepath.Join(dir, "mail")); err != nil {
		return s, err
	}
	s.env["UNIREG_SMTP_ADDRESS"], s.env["UNIREG_SMTP_TLS"], s.env["UNIREG_SMTP_FROM"] = s.mail.Address, "none", "noreply@reg.example.cn"
	address, err := freeAddress()
	if err != nil {
		return s, err
	}
	if err := errors.Join(s.startCompany(ctx, address), s.startAgent(ctx, address)); err != nil {
		return s, err
	}
	return s, s.serve(ctx, address)
}

// furnish gives the system the database, a bucket and a namespace, and writes
// down how its processes find them.
func (s *system) furnish(ctx context.Context, t testing.TB, database *storagetest.Database) error {
	t.Helper()
	var err error
	bucket := storagetest.BucketConfig(t)
	s.store = database.Store()
	if s.bucket, err = storage.NewObjects(bucket); err != nil {
		return err
	}
	if err := s.bucket.EnsureBucket(ctx); err != nil {
		return err
	}
	s.files = storage.NewFiles(s.store, s.bucket, storage.FileLimits{})
	if s.temporal, err = newWire(os.Getenv("TEMPORAL_ADDRESS")); err != nil {
		return err
	}
	if err := s.registerNamespace(ctx); err != nil {
		return err
	}
	s.env = map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": s.dir, "TZ": "UTC",
		"UNIREG_MODE": "development", "UNIREG_LOG_LEVEL": "info",
		"UNIREG_DATABASE_URL": database.URL, "UNIREG_DB_CONNECTIONS": "20",
		"UNIREG_S3_ENDPOINT": bucket.Endpoint, "UNIREG_S3_ACCESS_KEY": bucket.AccessKey, "UNIREG_S3_SECRET_KEY": bucket.SecretKey,
		"UNIREG_S3_BUCKET": bucket.Bucket, "UNIREG_S3_SECURE": fmt.Sprint(bucket.Secure),
		"UNIREG_MASTER_KEYS": masterKeys(storagetest.Keys()), "UNIREG_INDEX_KEY": encoded(storagetest.Keys().Index),
		"UNIREG_COOKIE_KEY": encoded(cookieKey),
		// People come through a reverse proxy, each from an address of their own.
		"UNIREG_TRUSTED_PROXIES": "127.0.0.1",
		// A browser on a busy machine shall not compute for minutes.
		"UNIREG_PROOF_DIFFICULTY": "2000",
		"UNIREG_CRL_REFRESH":      "2s",
		"UNIREG_UNDO_PERIOD":      "0s", // tests that undo run a portal of their own
		"UNIREG_TEMPORAL_UI_URL":  os.Getenv("UNIREG_TEMPORAL_UI_URL"),
		"TEMPORAL_ADDRESS":        s.temporal.address, "TEMPORAL_NAMESPACE": s.name,
	}
	return nil
}

// serve starts the worker, and the portal at that address.
func (s *system) serve(ctx context.Context, address string) error {
	var err error
	s.env["UNIREG_ORIGIN"] = "http://" + address // letters lead there
	if s.worker, err = s.run("worker", nil, "worker"); err != nil {
		return err
	}
	p, err := s.runPortal("portal", map[string]string{"UNIREG_LISTEN": address, "UNIREG_ORIGIN": "http://" + address})
	if err != nil {
		return err
	}
	s.portal, s.origin, s.ops = p.process, p.origin, p.ops
	return waitFor(ctx, time.Minute, func() error { return p.ready(ctx) })
}

// startScanner starts a clamd that knows the test file, for the first time or
// after it was stopped, at the same address.
func (s *system) startScanner(ctx context.Context) error {
	var err error
	if s.scanner, err = daemon.Start(daemon.Options{Dir: filepath.Join(s.dir, "clamd"), TestOnly: true, Log: io.Discard}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s.scanner.Await(ctx)
}

// cookieKey signs what portals give to browsers; tests make forms' tokens with
// it where no browser is in play.
var cookieKey = func() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}()

func encoded(key []byte) string { return base64.StdEncoding.EncodeToString(key) }

func masterKeys(ring storage.Keyring) string {
	all := []string{ring.Primary + ":" + encoded(ring.Masters[ring.Primary])}
	for name, key := range ring.Masters {
		if name != ring.Primary {
			all = append(all, name+":"+encoded(key))
		}
	}
	return strings.Join(all, ",")
}

// environ is the environment of a process, with settings of its own.
func (s *system) environ(own map[string]string) []string {
	all := maps.Clone(s.env)
	maps.Copy(all, own)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}

// run starts the program with those arguments and settings of its own.
func (s *system) run(name string, own map[string]string, args ...string) (*process, error) {
	p := newProcess(s.dir, name, s.program, s.environ(own), args...)
	return p, s.begin(p)
}

// begin starts a process, which ends with the system.
func (s *system) begin(p *process) error {
	if err := p.start(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.others = append(s.others, p)
	return nil
}

// portal is a portal that runs beside others.
type portal struct {
	*process
	origin, ops string
}

// runPortal starts a portal on ports of its own.
func (s *system) runPortal(name string, own map[string]string) (*portal, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	private, err := freeAddress()
	if err != nil {
		return nil, err
	}
	settings := map[string]string{"UNIREG_LISTEN": address, "UNIREG_OPS_LISTEN": private, "UNIREG_ORIGIN": "http://" + address}
	maps.Copy(settings, own)
	p, err := s.run(name, settings, "web")
	if err != nil {
		return nil, err
	}
	return &portal{p, settings["UNIREG_ORIGIN"], "http://" + private}, nil
}

// readiness asks the portal how it is.
func (p *portal) readiness(ctx context.Context) (status int, r web.Readiness, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.ops+"/readyz", nil)
	if err != nil {
		return 0, r, fmt.Errorf("ask for readiness: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, r, fmt.Errorf("ask for readiness: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, r, fmt.Errorf("ask for readiness: %w", err)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return 0, r, fmt.Errorf("readiness is no JSON: %w: %s", err, body)
	}
	return answer.StatusCode, r, nil
}

// ready reports what keeps the portal from serving fully.
func (p *portal) ready(ctx context.Context) error {
	if !p.alive() {
		return fmt.Errorf("the portal ended:\n%s", p.said())
	}
	status, r, err := p.readiness(ctx)
	if err != nil {
		return fmt.Errorf("%w; it said:\n%s", err, p.said())
	}
	if status != http.StatusOK || r.Status != web.Ready {
		return fmt.Errorf("the portal is not ready: %d %+v", status, r)
	}
	return nil
}

// serves waits until the portal answers at all.
func (p *portal) serves(t testing.TB) {
	t.Helper()
	p.showWhenFailed(t)
	eventually(t, 30*time.Second, func() string {
		if !p.alive() {
			return "the portal ended"
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.origin+"/", nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return answer.Status
		}
		return ""
	})
}

// waitFor is eventually where there is no test to fail.
func waitFor(ctx context.Context, within time.Duration, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", within, err)
		case <-tick.C:
		}
	}
}

// registerNamespace makes the namespace and waits until it can be used.
func (s *system) registerNamespace(ctx context.Context) error {
	address := os.Getenv("TEMPORAL_ADDRESS")
	s.name = fmt.Sprintf("e2e-%d-%d", time.Now().UnixNano(), os.Getpid())
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	spaces, err := client.NewNamespaceClient(client.Options{HostPort: address, Logger: quiet})
	if err != nil {
		return fmt.Errorf("reach Temporal: %w", err)
	}
	defer spaces.Close()
	err = spaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: s.name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	if err != nil {
		return fmt.Errorf("register the namespace: %w", err)
	}
	if s.client, err = client.NewLazyClient(client.Options{HostPort: address, Namespace: s.name, Logger: quiet}); err != nil {
		return fmt.Errorf("reach Temporal: %w", err)
	}
	return waitFor(ctx, time.Minute, func() error {
		_, err := s.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: s.name, PageSize: 1})
		var absent *serviceerror.NotFound
		if err != nil && !errors.As(err, &absent) {
			return fmt.Errorf("use the namespace: %w", err)
		}
		if err != nil {
			return fmt.Errorf("the namespace is not known everywhere: %w", err)
		}
		return nil
	})
}

// stopSystem ends the running system, if a test started it.
func stopSystem() error {
	if running.system == nil {
		return nil
	}
	return errors.Join(running.system.stop(), os.RemoveAll(running.system.dir))
}

// stop proves that the parts agree, ends every process and takes away what the
// system had beside its folder.
func (s *system) stop() error {
	var faults []error
	if s.portal != nil {
		faults = append(faults, s.verify())
	}
	for _, p := range slices.Backward(s.others) {
		_ = p.resume()
		faults = append(faults, p.stop())
	}
	if s.scanner != nil {
		faults = append(faults, s.scanner.Stop())
	}
	if s.mail != nil {
		faults = append(faults, s.mail.Stop())
	}
	if s.temporal != nil {
		faults = append(faults, s.temporal.close())
	}
	if s.client != nil {
		s.client.Close()
	}
	if s.bucket != nil {
		faults = append(faults, emptyBucket(s.bucket))
	}
	return errors.Join(faults...)
}

// verify has the program prove, after all that the tests did to it, that
// PostgreSQL, the object store and Temporal agree. Temporal's index follows the
// truth by a moment, so that it is asked again.
func (s *system) verify() error {
	return waitFor(context.Background(), time.Minute, func() error {
		verify := exec.Command(s.program, "verify", "--content")
		verify.Env = s.environ(nil)
		said, err := verify.CombinedOutput()
		if err != nil {
			return fmt.Errorf("unireg verify: %w\n%s", err, said)
		}
		fmt.Printf("unireg verify, after all tests:\n%s", said)
		return nil
	})
}

func emptyBucket(bucket *storage.Objects) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var keys []string
	for object, err := range bucket.List(ctx, "") {
		if err != nil {
			return err
		}
		keys = append(keys, object.Key)
	}
	for _, key := range keys {
		if err := bucket.Remove(ctx, key); err != nil {
			return err
		}
	}
	return bucket.RemoveBucket(ctx)
}
