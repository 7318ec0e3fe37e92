package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

// company is the stand-in for the CA company, as a process of its own.
type company struct {
	process     *exec.Cmd
	url, token  string
	environment []string // what the product must know of it
}

const companyProgram = "bin/cacompany"

// startCompany sets a CA company up, whose callbacks go nowhere, and starts it.
func startCompany(ctx context.Context, directory string) (*company, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	c, data := &company{url: "http://" + address}, filepath.Join(directory, "company")
	set := exec.CommandContext(ctx, companyProgram, "init", "--data", data, "--portal", "http://127.0.0.1:9", "--listen", address) //nolint:gosec // our own program
	if said, err := set.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("set the CA company up: %w: %s", err, said)
	}
	for _, file := range []string{"registration.env", "operator.txt"} {
		content, err := os.ReadFile(filepath.Join(data, file)) //nolint:gosec // one of the two names above
		if err != nil {
			return nil, fmt.Errorf("read the CA company's settings: %w", err)
		}
		lines := bufio.NewScanner(bytes.NewReader(content))
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), "=")
			switch {
			case name == "token":
				c.token = value
			// The bench has issuers of its own.
			case strings.HasPrefix(name, "UNIREG_") && name != "UNIREG_CA_TRUST":
				c.environment = append(c.environment, lines.Text())
			}
		}
	}
	c.process = exec.CommandContext(ctx, companyProgram, "serve", "--faults", "--data", data) //nolint:gosec // our own program
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.process.Start(); err != nil {
		return nil, fmt.Errorf("start the CA company: %w", err)
	}
	return c, nil
}

func (c *company) stop() error {
	return errors.Join(c.process.Process.Signal(syscall.SIGTERM), c.process.Wait())
}

// operate asks the operator's interface.
func (c *company) operate(ctx context.Context, method, path string, order, answer any) error {
	body, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("ask the CA company: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the CA company: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the CA company: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the CA company: %s %s: %s", method, path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// lost is the percentage of the CA company's answers that never arrive.
const lost = 20

// measureHandoff applies for certificates all at once while answers are lost, and
// prints how long it takes until each is with the CA company, once.
func measureHandoff(ctx context.Context, b *bench) error {
	settings, err := b.portal.settings()
	if err != nil {
		return err
	}
	db, err := storage.Open(settings.DatabaseURL.Reveal(), settings.DBConnections)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	store := storage.New(db, settings.Keyring(), settings.Policy())
	applicants := make([]storage.ApplicationRequest, b.applications)
	for i := range applicants {
		if applicants[i], err = applicant(ctx, store, 10_000+i); err != nil {
			return err
		}
	}
	var ignored any
	if err := b.company.operate(ctx, http.MethodPost, "/faults", map[string]int{"silent_percent": lost}, &ignored); err != nil {
		return err
	}
	began := time.Now()
	var next atomic.Int64
	err = atOnce(func() error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(applicants) {
				return nil
			}
			if _, err := store.ApplyForCertificate(ctx, applicants[i]); err != nil {
				return fmt.Errorf("apply: %w", err)
			}
		}
	})
	if err != nil {
		return err
	}
	attempts, err := awaitSent(ctx, store, applicants)
	if err != nil {
		return err
	}
	var ledger struct{ Applications int }
	if err := b.company.operate(ctx, http.MethodGet, "/operator/ledger", nil, &ledger); err != nil {
		return err
	}
	fmt.Printf("\n%d applications at once, %d %% of the answers lost\n", b.applications, lost)
	fmt.Printf("%-32s %6.1f s, %d attempts, %d in the CA company's ledger\n", "until all are answered", time.Since(began).Seconds(), attempts, ledger.Applications)
	if ledger.Applications != b.applications {
		return fmt.Errorf("the ledger holds %d applications for %d", ledger.Applications, b.applications)
	}
	return nil
}

// applicant registers an organization whose draft is complete.
func applicant(ctx context.Context, store *storage.Store, n int) (storage.ApplicationRequest, error) {
	code, name := sample.CreditCode(n), fmt.Sprintf("示范申领%d有限公司", n)
	registered, err := store.Register(ctx, storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: code, Name: name, Password: "-",
	})
	if err != nil {
		return storage.ApplicationRequest{}, err
	}
	draft, err := store.StartDraft(ctx, registered.Account, registered.Subject, record.OrganizationProfile)
	if err != nil {
		return storage.ApplicationRequest{}, err
	}
	document := sample.Organization(code, name, sample.File(string(storage.NewID()), "营业执照.pdf"))
	if _, err := store.SaveDraft(ctx, registered.Subject.ID, draft, 1, document); err != nil {
		return storage.ApplicationRequest{}, err
	}
	return storage.ApplicationRequest{
		Command: storage.NewID(), Subject: registered.Subject.ID, Business: record.BusinessApply, Kind: record.OrganizationCertificate,
		Years: 1, Pickup: record.PickupCounter,
		Actor: record.Actor{Role: record.Applicant, ID: registered.Account, Assurance: record.ByPassword},
	}, nil
}

// awaitSent waits until every application is with the CA company and returns
// how many attempts that took.
func awaitSent(ctx context.Context, store *storage.Store, applicants []storage.ApplicationRequest) (attempts int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	var mu sync.Mutex
	var next atomic.Int64
	err = atOnce(func() error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(applicants) {
				return nil
			}
			for {
				a, err := store.Application(ctx, applicants[i].Subject, applicants[i].Command)
				if err != nil {
					return fmt.Errorf("look for an application: %w", err)
				}
				if !a.SentAt.IsZero() {
					mu.Lock()
					attempts += a.Attempts
					mu.Unlock()
					break
				}
				select {
				case <-ctx.Done():
					return fmt.Errorf("an application stands at %s: %w", a.Status, ctx.Err())
				case <-time.After(100 * time.Millisecond):
				}
			}
		}
	})
	return attempts, err
}
