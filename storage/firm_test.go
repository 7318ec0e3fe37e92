package storage_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// filedByKey are the kinds that take a certificate session.
var filedByKey = []record.Kind{record.Qualification, record.Performance, record.Practitioner, record.Award}

// firm is a desk whose subject holds a key, and files what takes one.
type firm struct {
	*desk
	world *certificatetest.World
	key   certificatetest.Key
}

func newFirm(t testing.TB, w *certificatetest.World) *firm {
	t.Helper()
	return newFirmOn(t, storagetest.Shared(t), w)
}

func newFirmOn(t testing.TB, database *storagetest.Database, w *certificatetest.World) *firm {
	t.Helper()
	f := &firm{desk: newDeskOn(t, database), world: w}
	f.key = w.Issue(t, certificate.RSA, f.subject.Code)
	_, err := byKey(t, f.desk, f.key, f.account)
	require.NoError(t, err)
	return f
}

// byKey is the subject in a certificate session.
func (f *firm) byKey() record.Actor {
	return record.Actor{Role: record.Applicant, ID: f.account, Assurance: record.ByCertificate, Certificate: f.key.Certificate.SHA256()}
}

// document is a complete document of a kind, with a stored file.
func (f *firm) document(t testing.TB, kind record.Kind, n int) record.Document {
	t.Helper()
	return sample.Document(kind, f.subject, n, f.file(t))
}

// begin opens a draft of a new record and writes the document into it.
func (f *firm) begin(t testing.TB, kind record.Kind, document record.Document) record.ID {
	t.Helper()
	id, err := f.StartDraft(t.Context(), f.account, f.subject, kind)
	require.NoError(t, err)
	f.write(t, id, document)
	return id
}

func (f *firm) write(t testing.TB, id record.ID, document record.Document) {
	t.Helper()
	draft, err := f.Draft(t.Context(), f.subject.ID, id)
	require.NoError(t, err)
	_, err = f.SaveDraft(t.Context(), f.subject.ID, id, draft.Version, document)
	require.NoError(t, err)
}

// order is a command on one of the firm's records.
func (f *firm) order(id record.ID, move record.Move, by record.Actor) record.Command {
	c := record.Command{ID: storage.NewID(), Record: id, Move: move, Actor: by}
	if by.Role == record.Applicant {
		c.Subject = f.subject.ID
	}
	if t, _ := record.TransitionOf(move); t.Reason {
		c.Reason = "经核对"
	}
	return c
}

// submission is the command that submits a draft; in a certificate session it
// is signed.
func (f *firm) submission(t testing.TB, id record.ID, by record.Actor) record.Command {
	t.Helper()
	draft, err := f.Draft(t.Context(), f.subject.ID, id)
	require.NoError(t, err)
	c := f.order(id, record.Submit, by)
	c.Draft = draft.Version
	if by.Assurance == record.ByCertificate {
		c.Digest, _, err = f.DraftDigest(t.Context(), f.subject.ID, id, draft.Version)
		require.NoError(t, err)
		c.Signature = []byte("signature")
	}
	return c
}

// run accepts and applies a command and returns its outcome.
func (f *firm) run(t testing.TB, c record.Command) record.Outcome {
	t.Helper()
	_, err := f.Accept(t.Context(), c)
	require.NoError(t, err)
	return f.apply(t, c)
}

func (f *firm) apply(t testing.TB, c record.Command) record.Outcome {
	t.Helper()
	applied, err := f.Apply(t.Context(), c.Record, []record.ID{c.ID})
	require.NoError(t, err)
	require.Len(t, applied.Outcomes, 1)
	return applied.Outcomes[0]
}

// submitByKey submits a draft, which must be applied.
func (f *firm) submitByKey(t testing.TB, id record.ID) {
	t.Helper()
	out := f.run(t, f.submission(t, id, f.byKey()))
	require.True(t, out.Applied, out.Refusal)
}

// move makes a move that must be applied.
func (f *firm) move(t testing.TB, id record.ID, move record.Move, by record.Actor) {
	t.Helper()
	out := f.run(t, f.order(id, move, by))
	require.True(t, out.Applied, "%s: %s", move, out.Refusal)
}

// inForce files a document and has it approved.
func (f *firm) inForce(t testing.TB, kind record.Kind, document record.Document) record.ID {
	t.Helper()
	id := f.begin(t, kind, document)
	f.submitByKey(t, id)
	f.move(t, id, record.Approve, reviewer(f.first))
	return id
}

func (f *firm) stateOf(t testing.TB, id record.ID) record.State {
	t.Helper()
	r, err := f.Record(t.Context(), f.subject.ID, id)
	require.NoError(t, err)
	return r.State
}

// lines are a page of the firm's list, long enough for a test.
func (f *firm) lines(t testing.TB, kind record.Kind, state storage.ListState) []storage.Listing {
	t.Helper()
	page, err := f.List(t.Context(), storage.ListQuery{Subject: f.subject.ID, Kind: kind, State: state, Limit: 1000})
	require.NoError(t, err)
	return page.Lines
}

// listedAs is the one selection in which a record stands, "" for none.
func (f *firm) listedAs(t testing.TB, kind record.Kind, id record.ID) storage.ListState {
	t.Helper()
	var found []storage.ListState
	for _, state := range storage.ListStates() {
		for _, line := range f.lines(t, kind, state) {
			if line.Record == id {
				found = append(found, state)
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	require.LessOrEqual(t, len(found), 2, "a change under way is in force and under review")
	return found[0]
}

var freshNumber = func() func() int {
	n := 100_000
	return func() int { n++; return n }
}()

// freshPerson is a complete practitioner whom nobody has filed yet.
func (f *firm) freshPerson(t testing.TB) *record.PractitionerDocument {
	t.Helper()
	n := freshNumber()
	return sample.Practitioner(sample.ResidentID(n), fmt.Sprintf("周予安%d", n), f.file(t))
}
