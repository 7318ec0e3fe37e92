package storage_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// planted is a fault that somebody puts into a database that agreed.
type planted struct {
	name  string
	plant func(t *testing.T, p *patient)
	// fault is what verification says of it, and of nothing else.
	invariant, fault string
	// repaired is what the repair says that it did; "" where there is none.
	repaired string
	// after shows that life goes on.
	after func(t *testing.T, p *patient)
}

// patient is a firm with a profile in force, a qualification in force and one
// under review.
type patient struct {
	*firm
	inForceID, underReview record.ID
}

func newPatient(t *testing.T, w *certificatetest.World) *patient {
	t.Helper()
	p := &patient{firm: newFirmOn(t, storagetest.Fresh(t), w)}
	p.settle(t)
	p.inForceID = p.inForce(t, record.Qualification, p.document(t, record.Qualification, freshNumber()))
	p.underReview = p.begin(t, record.Award, p.document(t, record.Award, freshNumber()))
	p.submitByKey(t, p.underReview)
	return p
}

func (p *patient) sql(t testing.TB, statement string, values ...any) {
	t.Helper()
	_, err := p.owner.NewRaw(statement, values...).Exec(t.Context())
	require.NoError(t, err)
}

func (p *patient) found(t testing.TB) []storage.Disagreement {
	t.Helper()
	found, err := p.Verify(t.Context())
	require.NoError(t, err)
	undrained, err := p.Undrained(t.Context())
	require.NoError(t, err)
	return append(found, undrained...)
}

// approved approves what is under review.
func approved(t *testing.T, p *patient) {
	t.Helper()
	p.move(t, p.underReview, record.Approve, reviewer(p.first))
	require.Equal(t, record.State{Standing: record.InForce, Filing: record.NothingFiled}, p.stateOf(t, p.underReview))
}

func TestN11_T17_EveryPlantedFaultIsNamedAndWhatIsSafeIsRepaired(t *testing.T) {
	w := certificatetest.New(t, "", "")
	for _, c := range []planted{
		{
			name: "a command without its event", invariant: "I1", fault: "an applied or refused command has no event, or more than one",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "INSERT INTO commands (id, record, subject, kind, seq, move, role, receipt, accepted_at, done_at, applied) SELECT ?, record, subject, kind, 99, 'withdraw', 'applicant', 'R-1', now(), now(), true FROM commands WHERE record = ? LIMIT 1", storage.NewID(), p.inForceID)
			},
		},
		{
			name: "a submission without its version", invariant: "I1", fault: "an applied submission has no version",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE commands SET move = 'submit' WHERE record = ? AND move = 'approve'", p.inForceID)
			},
		},
		{
			name: "a gap in the versions", invariant: "I2", fault: "version numbers have a gap",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "ALTER TABLE versions DISABLE TRIGGER USER")
				p.sql(t, "UPDATE versions SET no = 3 WHERE record = ?", p.underReview)
				p.sql(t, "UPDATE records SET submitted = 3 WHERE id = ?", p.underReview)
			},
		},
		{
			name: "a version in force that does not exist", invariant: "I2", fault: "the version in force or under way does not exist",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE records SET submitted = 7 WHERE id = ?", p.underReview)
			},
		},
		{
			name: "a state that no event brought about", invariant: "I2", fault: "the record's state is not what its last event says",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE records SET standing = 'voided' WHERE id = ?", p.inForceID)
			},
		},
		{
			name: "a file of a version that is not in use", invariant: "I4", fault: "a version in force or under way needs a file that is gone",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE files SET in_use = false WHERE id = (SELECT files[1] FROM commands WHERE record = ? AND move = 'submit')", p.inForceID)
			},
		},
		{
			name: "a move that the lifecycle does not have", invariant: "I5", fault: "no rule of the lifecycle allows this transition",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "ALTER TABLE events DISABLE TRIGGER USER")
				p.sql(t, `UPDATE events SET data = data || '{"filing": "returned"}' WHERE record = ? AND type = 'submit'`, p.underReview)
			},
		},
		{
			name: "a command that nobody rang for", invariant: "I6", fault: storage.FaultOpenCommand,
			plant: func(t *testing.T, p *patient) {
				_, err := p.Accept(t.Context(), p.order(p.underReview, record.Withdraw, p.byKey()))
				require.NoError(t, err)
				p.sql(t, "UPDATE commands SET accepted_at = accepted_at - interval '2 minutes' WHERE done_at IS NULL AND move = 'withdraw'")
			},
		},
		{
			name: "an organization that nobody manages", invariant: "B08", fault: "an organization has no administrator who may log in",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE accounts SET role = 'handler' WHERE subject = ?", p.subject.ID)
			},
		},
		{
			name: "a draft locked by nothing", invariant: "I1", fault: storage.FaultLockedDraft, repaired: "the draft is unlocked",
			plant: func(t *testing.T, p *patient) {
				id := p.begin(t, record.Award, p.document(t, record.Award, freshNumber()))
				p.sql(t, "UPDATE drafts SET locked_by = ? WHERE record = ?", storage.NewID(), id)
			},
			after: func(t *testing.T, p *patient) {
				var id record.ID
				require.NoError(t, p.app.NewRaw("SELECT record FROM drafts WHERE kind = 'award' AND record <> ?", p.underReview).Scan(t.Context(), &id))
				p.submitByKey(t, id)
			},
		},
		{
			name: "a review that is missing", invariant: "I7", fault: storage.FaultNoReview, repaired: "the review is opened",
			plant: func(t *testing.T, p *patient) { p.sql(t, "DELETE FROM review_tasks WHERE record = ?", p.underReview) },
			after: approved,
		},
		{
			name: "a second review that is missing", invariant: "I7", fault: storage.FaultNoReview, repaired: "the review is opened",
			plant: func(t *testing.T, p *patient) {
				p.change(t, func(d *record.OrganizationDocument) { d.Representative.Name = "刘志强" })
				require.True(t, p.do(t, p.command(record.Approve, reviewer(p.first))).Applied)
				require.Equal(t, record.SecondReview, p.state(t).Filing)
				p.sql(t, "DELETE FROM review_tasks WHERE record = ? AND closed_at IS NULL", p.profile)
			},
			after: func(t *testing.T, p *patient) {
				confirm := p.command(record.Confirm, record.Actor{Role: record.Confirmer, ID: p.second})
				require.True(t, p.do(t, confirm).Applied, "by another than who approved")
			},
		},
		{
			name: "a review that is left over", invariant: "I7", fault: storage.FaultReviewLeft, repaired: "the review is closed",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE review_tasks SET closed_at = NULL, closed_by = NULL, decision = '' WHERE record = ?", p.inForceID)
			},
			after: func(t *testing.T, p *patient) {
				p.move(t, p.inForceID, record.Void, p.byKey())
				p.move(t, p.inForceID, record.Restore, p.byKey())
			},
		},
		{
			name: "a content under another hash", invariant: "I8", fault: "the version's content does not match its hash",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "ALTER TABLE versions DISABLE TRIGGER USER")
				p.sql(t, "ALTER TABLE events DISABLE TRIGGER USER")
				p.sql(t, "UPDATE versions SET sha256 = '\\x00' WHERE record = ?", p.inForceID)
			},
		},
		{
			name: "a content that cannot be opened", invariant: "I8", fault: "the version's content cannot be opened",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "ALTER TABLE versions DISABLE TRIGGER USER")
				p.sql(t, "UPDATE versions SET sealed = '\\x0011' WHERE record = ?", p.inForceID)
			},
		},
		{
			name: "a line of a list that is missing", invariant: "I13", fault: storage.FaultNoLine, repaired: "the line of the list is written anew",
			plant: func(t *testing.T, p *patient) { p.sql(t, "DELETE FROM listings WHERE record = ?", p.underReview) }, after: approved,
		},
		{
			name: "a line of a list that shows something else", invariant: "I13", fault: storage.FaultStaleLine, repaired: "the line of the list is written anew",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE listings SET title = '别的' WHERE record = ?", p.underReview)
			},
			after: approved,
		},
		{
			name: "a line in another kind's list", invariant: "I13", fault: storage.FaultOtherLine, repaired: "the line of the list is written anew",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE listings SET kind = 'performance' WHERE record = ?", p.underReview)
			},
			after: approved,
		},
		{
			name: "a line of nothing", invariant: "I13", fault: storage.FaultStrayLine, repaired: "the line of the list is written anew",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "INSERT INTO listings SELECT ?, subject, kind, title, cells, note, find, people, sort_on, expires_on, updated_at FROM listings WHERE record = ?", storage.NewID(), p.inForceID)
			},
			after: approved,
		},
		{
			name: "a change that nobody was told of", invariant: "I1", fault: storage.FaultNoChange, repaired: "the change is written into the feed",
			plant: func(t *testing.T, p *patient) { p.sql(t, "DELETE FROM changes WHERE record = ?", p.inForceID) }, after: approved,
		},
		{
			name: "something that expires unnoticed", invariant: "I15", fault: storage.FaultExpiries, repaired: "what expires is written anew",
			plant: func(t *testing.T, p *patient) { p.sql(t, "DELETE FROM expiries WHERE record = ?", p.inForceID) }, after: approved,
		},
		{
			name: "something that expires on another day", invariant: "I15", fault: storage.FaultExpiries, repaired: "what expires is written anew",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE expiries SET expires_on = expires_on + 1 WHERE record = ?", p.inForceID)
			},
			after: approved,
		},
		{
			name: "a day of the desk that was counted wrongly", invariant: "I15", fault: storage.FaultDays, repaired: "the day is counted anew",
			plant: func(t *testing.T, p *patient) {
				p.sql(t, "UPDATE review_tasks SET opened_at = opened_at - interval '9 days', answered_at = answered_at - interval '9 days', closed_at = closed_at - interval '9 days' WHERE record = ?", p.inForceID)
				n, err := p.KeepReviewDays(t.Context())
				require.NoError(t, err)
				require.Equal(t, 1, n)
				require.Empty(t, p.found(t))
				p.sql(t, "UPDATE review_days SET approved = approved + 1 WHERE staff IS NULL")
			},
			after: approved,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t, w)
			require.Empty(t, p.found(t))
			c.plant(t, p)
			found := p.found(t)
			at := slices.IndexFunc(found, func(d storage.Disagreement) bool { return d.Invariant == c.invariant && d.Fault == c.fault })
			require.GreaterOrEqual(t, at, 0, "%v", found)
			require.NotEmpty(t, found[at].Advice())
			done, err := p.Repair(t.Context(), found[at])
			require.NoError(t, err)
			require.Equal(t, c.repaired, done)
			if c.repaired == "" {
				require.Equal(t, found, p.found(t), "nothing is changed")
				return
			}
			require.Empty(t, p.found(t))
			var told int
			require.NoError(t, p.app.NewRaw("SELECT count(*) FROM events WHERE type = 'repaired' AND data->>'repair' = ? AND data->>'invariant' = ?", c.repaired, c.invariant).
				Scan(t.Context(), &told))
			require.Equal(t, 1, told, "an event tells of it")
			c.after(t, p)
			require.Empty(t, p.found(t))
		})
	}
}

// drawerFaults are what is wrong with the files of a drawer.
func drawerFaults(t testing.TB, d *drawer) []storage.Disagreement {
	t.Helper()
	found, err := d.Files.Verify(t.Context(), false)
	require.NoError(t, err)
	return found
}

func TestN11_T17_FilesWhoseObjectIsGoneAreToldAndComeBack(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	ctx := t.Context()
	used, idle := d.put(t, "合同.pdf", pdf(100)), d.put(t, "草稿.pdf", pdf(200))
	require.NoError(t, d.submit(t, d.keep(t, used)))
	_, err := d.Apply(ctx, d.draft, nil)
	require.NoError(t, err)
	keys := map[int64]string{}
	for object, err := range d.objects.List(ctx, "") {
		require.NoError(t, err)
		keys[object.Size] = object.Key
	}
	for _, key := range keys {
		require.NoError(t, d.objects.Remove(ctx, key))
	}
	found := drawerFaults(t, d)
	require.Len(t, found, 2)
	for _, fault := range found {
		require.Equal(t, storage.FaultNoObject, fault.Fault)
		done, err := d.Files.Repair(ctx, fault, time.Hour)
		require.NoError(t, err)
		require.Equal(t, "the file counts as lost and the subject is told", done)
		again, err := d.Files.Repair(ctx, fault, time.Hour)
		require.NoError(t, err)
		require.Empty(t, again)
	}
	require.Equal(t, []storage.Disagreement{{Invariant: "I4", ID: string(used.ID), Fault: storage.FaultLost}}, drawerFaults(t, d),
		"what was filed stays a loss until it is back")
	messages, err := d.Notifications(ctx, d.subject.ID, "", 100)
	require.NoError(t, err)
	var told []string
	for _, m := range messages {
		if m.Topic == storage.TopicFileLost {
			told = append(told, m.Data["file"])
		}
	}
	require.ElementsMatch(t, []string{string(used.ID), string(idle.ID)}, told)

	_, err = d.objects.Put(ctx, keys[used.Size], bytes.NewReader(pdf(100)), mebibyte, used.Type)
	require.NoError(t, err)
	found = drawerFaults(t, d)
	require.Equal(t, []storage.Disagreement{{Invariant: "I4", ID: string(used.ID), Fault: storage.FaultFound}}, found)
	done, err := d.Files.Repair(ctx, found[0], time.Hour)
	require.NoError(t, err)
	require.Equal(t, "the file is taken in again", done)
	d.agree(t)
	again, err := d.Store.Verify(ctx)
	require.NoError(t, err)
	require.Empty(t, again)
}

func TestN11_T17_AnObjectThatBelongsToNoFileIsMovedOutOfTheWayWhenItIsOld(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	ctx := t.Context()
	_, err := d.objects.Put(ctx, "files/ab/stray", strings.NewReader("nobody's"), 100, "text/plain")
	require.NoError(t, err)
	found := drawerFaults(t, d)
	require.Equal(t, []storage.Disagreement{{Invariant: "I4", ID: "files/ab/stray", Fault: storage.FaultStray}}, found)
	done, err := d.Files.Repair(ctx, found[0], time.Hour)
	require.NoError(t, err)
	require.Empty(t, done, "an upload may be under way")
	done, err = d.Files.Repair(ctx, found[0], 0)
	require.NoError(t, err)
	require.Equal(t, "the object is moved to quarantine/", done)
	d.agree(t)
	size, err := d.objects.Stat(ctx, "quarantine/files/ab/stray")
	require.NoError(t, err)
	require.Equal(t, int64(8), size, "nothing is deleted")
}

func TestN11_AdviceIsGivenForEveryInvariant(t *testing.T) {
	for _, invariant := range []string{"I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "N03", "N04"} {
		require.NotEmpty(t, storage.Disagreement{Invariant: invariant, Fault: "something new"}.Advice(), invariant)
	}
}

func TestN11_T17_FaultsOfApplicationsAreNamedAndLeftToPeople(t *testing.T) {
	for _, c := range []struct{ name, invariant, fault, plant string }{
		{"no command", "I3", "an application has no command that asked for it", "UPDATE commands SET move = 'ca_resend' WHERE id = ?0"},
		{"another status", "I3", "an application's status is not what its last step says", "UPDATE ca_applications SET status = 'sent' WHERE id = ?0"},
		{"closed with a command open", "I3", "a closed application has an open command", "UPDATE ca_applications SET status = 'rejected', closed_at = now() WHERE id = ?0"},
		{"closed too early", "I3", "an application is closed though anything may follow, or open at its end", "UPDATE ca_applications SET closed_at = now() WHERE id = ?0"},
		{"bound to nothing", "I3", "an application is bound and no certificate came of it", "UPDATE ca_applications SET status = 'bound', closed_at = now() WHERE id = ?0"},
		{"a callback without outcome", "I6", "a callback was looked at and has no outcome", `
			INSERT INTO ca_callbacks (id, application, type, sealed, sha256, source, done_at) VALUES ('c1', ?0, 'issued', '\x00', '\x00', 'callback', now())`},
		{"another bundle", "I8", "the application's bundle does not match its hash", "UPDATE ca_applications SET sha256 = '\\x00' WHERE id = ?0"},
		{"a bundle that cannot be opened", "I8", "the application's bundle cannot be opened", "UPDATE ca_applications SET sealed = '\\x00' WHERE id = ?0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeskOn(t, storagetest.Fresh(t))
			d.settle(t)
			id := d.apply(t)
			d.verify(t)
			_, err := d.owner.NewRaw(c.plant, id).Exec(t.Context())
			require.NoError(t, err)
			found, err := d.Verify(t.Context())
			require.NoError(t, err)
			at := slices.IndexFunc(found, func(d storage.Disagreement) bool { return d.Invariant == c.invariant && d.Fault == c.fault })
			require.GreaterOrEqual(t, at, 0, "%v", found)
			require.NotEmpty(t, found[at].Advice())
			done, err := d.Repair(t.Context(), found[at])
			require.NoError(t, err)
			require.Empty(t, done)
		})
	}
}
