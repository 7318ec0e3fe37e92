package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/smtp"
	"unireg/smtp/mailbox"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/worker"
)

// office is a desk whose messages go by mail, through a real server on loopback.
type office struct {
	*desk
	mail *mailbox.Mailbox
	said *safeBuffer
}

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const officeAddress = "li@example.cn"

func newOffice(t *testing.T) *office {
	t.Helper()
	d := newDeskOn(t, nil, storagetest.Fresh(t))
	m, err := mailbox.Start(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Stop()) })
	o := &office{desk: d, mail: m, said: &safeBuffer{}}
	require.NoError(t, d.ProposeContact(t.Context(), storage.NewContact{
		Account: d.account, Channel: storage.ByEmail, Address: officeAddress, Code: "271828", Language: "zh-CN",
	}))
	verdict, err := d.VerifyContact(t.Context(), d.account, storage.ByEmail, "271828")
	require.NoError(t, err)
	require.Equal(t, storage.CodeRight, verdict)
	_, err = d.database.Owner.NewRaw("DELETE FROM letters").Exec(t.Context())
	require.NoError(t, err)
	return o
}

// carrier writes plain letters and hands them to the server at that address.
type carrier struct{ sender *smtp.Sender }

func (c carrier) Carry(ctx context.Context, l storage.Letter) error {
	err := c.sender.Send(ctx, smtp.Message{ID: string(l.ID), To: l.Address, Subject: string(l.Purpose), Text: l.Secret, HTML: "<p></p>", Language: l.Language})
	if fault, ok := errors.AsType[*smtp.Fault](err); ok && fault.Permanent() {
		return fmt.Errorf("%w: %w", storage.ErrUndeliverable, err)
	}
	return err
}

func (o *office) carriers(address string) map[storage.Channel]storage.Carrier {
	o.t.Helper()
	s, err := smtp.New(smtp.Config{Address: address, Security: smtp.Plain, From: "noreply@reg.example.cn", Timeout: 5 * time.Second})
	require.NoError(o.t, err)
	return map[storage.Channel]storage.Carrier{storage.ByEmail: carrier{s}}
}

// work runs so many workers' outboxes until it is told to stop.
func (o *office) work(address string, workers int) (stop func()) {
	ctx, cancel := context.WithCancel(o.t.Context())
	var group sync.WaitGroup
	for range workers {
		outbox := worker.NewOutbox(o.Store, o.carriers(address), slog.New(slog.NewTextHandler(o.said, nil)))
		group.Go(func() { outbox.Run(ctx) })
	}
	return func() {
		cancel()
		group.Wait()
	}
}

func (o *office) tell() {
	o.t.Helper()
	require.NoError(o.t, o.Notify(o.t.Context(), o.database.App, storage.Notification{
		Subject: o.subject.ID, Topic: storage.TopicApproved, Dedup: string(storage.NewID()),
	}))
}

// arrived waits for so many letters and returns their Message-IDs.
func (o *office) arrived(n int) []string {
	o.t.Helper()
	var ids []string
	require.Eventually(o.t, func() bool {
		all, err := o.mail.Letters()
		require.NoError(o.t, err)
		ids = nil
		for _, l := range all {
			ids = append(ids, l.ID)
		}
		return len(ids) >= n
	}, patience, 20*time.Millisecond, "%s", o.said)
	return ids
}

func (o *office) outcomes(outcome storage.LetterOutcome) int {
	o.t.Helper()
	var n int
	require.NoError(o.t, o.database.Owner.NewRaw("SELECT count(*) FROM letters WHERE outcome = ?", outcome).Scan(o.t.Context(), &n))
	return n
}

func (o *office) becomes(outcome storage.LetterOutcome, n int) {
	o.t.Helper()
	require.Eventually(o.t, func() bool { return o.outcomes(outcome) == n }, patience, 20*time.Millisecond, "%s", o.said)
}

func TestB15_AMailServerThatIsAwayLosesNothing(t *testing.T) {
	o := newOffice(t)
	o.tell()
	stop := o.work("127.0.0.1:1", 1)
	require.Eventually(t, func() bool { return strings.Contains(o.said.String(), "outbox rests") }, patience, 20*time.Millisecond)
	stop()
	require.Zero(t, o.outcomes(storage.LetterSent))
	_, err := o.database.Owner.NewRaw("UPDATE letters SET due_at = clock_timestamp()").Exec(t.Context())
	require.NoError(t, err)
	defer o.work(o.mail.Address, 1)()
	o.arrived(1)
	o.becomes(storage.LetterSent, 1)
	require.NotContains(t, o.said.String(), officeAddress)
}

func TestB15_AnAddressThatTheServerRefusesIsNotTriedAgain(t *testing.T) {
	o := newOffice(t)
	o.mail.Feel(mailbox.Moods{Recipient: "550 5.1.1 <" + officeAddress + "> no such user"})
	defer o.work(o.mail.Address, 1)()
	o.tell()
	o.becomes(storage.LetterRefused, 1)
	contacts, err := o.Contacts(t.Context(), o.account)
	require.NoError(t, err)
	require.False(t, contacts[storage.ByEmail].FailedAt.IsZero())
	require.Eventually(t, func() bool { return strings.Contains(o.said.String(), "a letter is refused") }, patience, 20*time.Millisecond)
	require.NotContains(t, o.said.String(), officeAddress)
}

// A server that takes a letter and does not say so gets it again, under its name.
func TestB15_ALetterWhoseReceiptWasLostIsSentAgainUnderItsName(t *testing.T) {
	o := newOffice(t)
	o.mail.Feel(mailbox.Moods{Silent: true})
	stop := o.work(o.mail.Address, 1)
	o.tell()
	o.arrived(1)
	stop()
	o.mail.Feel(mailbox.Moods{})
	_, err := o.database.Owner.NewRaw("UPDATE letters SET due_at = clock_timestamp()").Exec(t.Context())
	require.NoError(t, err)
	defer o.work(o.mail.Address, 1)()
	ids := o.arrived(2)
	require.Equal(t, ids[0], ids[1])
	o.becomes(storage.LetterSent, 1)
}

// A worker that is ended while the server takes its time leaves the letter to
// another, which sends it once more at most.
func TestB15_AWorkerThatEndsAmidALetterLosesNothing(t *testing.T) {
	o := newOffice(t)
	o.mail.Feel(mailbox.Moods{Delay: 200 * time.Millisecond})
	stop := o.work(o.mail.Address, 1)
	o.tell()
	require.Eventually(t, func() bool {
		var held int
		require.NoError(t, o.database.Owner.NewRaw("SELECT count(*) FROM letters WHERE tries > 0").Scan(t.Context(), &held))
		return held == 1
	}, patience, 5*time.Millisecond)
	stop()
	o.mail.Feel(mailbox.Moods{})
	_, err := o.database.Owner.NewRaw("UPDATE letters SET due_at = clock_timestamp() WHERE outcome = ''").Exec(t.Context())
	require.NoError(t, err)
	defer o.work(o.mail.Address, 1)()
	o.becomes(storage.LetterSent, 1)
	ids := o.arrived(1)
	require.LessOrEqual(t, len(ids), 2)
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
}

func TestB15_TwoWorkersSendOnce(t *testing.T) {
	o := newOffice(t)
	defer o.work(o.mail.Address, 2)()
	for range 12 {
		d := newDeskOn(t, nil, o.database)
		require.NoError(t, d.ProposeContact(t.Context(), storage.NewContact{
			Account: d.account, Channel: storage.ByEmail, Address: officeAddress, Code: string(d.account), Language: "zh-CN",
		}))
	}
	ids := o.arrived(12)
	o.becomes(storage.LetterSent, 12)
	seen := map[string]bool{}
	for _, id := range ids {
		require.False(t, seen[id], id)
		seen[id] = true
	}
}

// Who has forgotten a password is answered by the worker, and by nobody else.
func TestB09_TheWorkerAnswersWhoHasForgottenAPassword(t *testing.T) {
	o := newOffice(t)
	for _, login := range []string{o.subject.Code, "查无此单位有限公司"} {
		require.NoError(t, o.AskReset(t.Context(), login, ""))
	}
	require.Zero(t, o.outcomes(""), "asking sends nothing by itself")
	defer o.work(o.mail.Address, 1)()
	o.arrived(1)
	o.becomes(storage.LetterSent, 1)
	require.Eventually(t, func() bool {
		var left int
		require.NoError(t, o.database.Owner.NewRaw("SELECT count(*) FROM reset_requests").Scan(t.Context(), &left))
		return left == 0
	}, patience, 20*time.Millisecond)
	require.NotContains(t, o.said.String(), o.subject.Code)
}
