package storage_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

var (
	underReview = record.State{Standing: record.NotInForce, Filing: record.UnderReview}
	settled     = record.State{Standing: record.InForce, Filing: record.NothingFiled}
	voided      = record.State{Standing: record.Voided, Filing: record.NothingFiled}
)

func TestS22_S25_S28_S29_ASubmitByPasswordIsRefusedAndItsContentKept(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	for _, kind := range filedByKey {
		t.Run(string(kind), func(t *testing.T) {
			document := f.document(t, kind, freshNumber())
			id := f.begin(t, kind, document)
			out := f.run(t, f.submission(t, id, f.applicant()))
			require.Equal(t, record.RefusedAssurance, out.Refusal, "in the transaction, not by hiding a button")
			_, err := f.Record(t.Context(), f.subject.ID, id)
			require.Equal(t, record.NotFound, record.CodeOf(err), "nothing was filed")
			draft, err := f.Draft(t.Context(), f.subject.ID, id)
			require.NoError(t, err)
			require.False(t, draft.Locked)
			same(t, document, draft.Document)
			require.Equal(t, storage.ListDrafts, f.listedAs(t, kind, id))

			f.submitByKey(t, id)
			require.Equal(t, underReview, f.stateOf(t, id))
			require.Equal(t, storage.ListUnderReview, f.listedAs(t, kind, id))
			version, err := f.Version(t.Context(), f.subject.ID, id, 1)
			require.NoError(t, err)
			require.Equal(t, record.ByCertificate, version.Assurance)
			same(t, document, version.Document)
		})
	}
	f.verify(t)
}

// same compares what two documents hold.
func same(t testing.TB, want, got record.Document) {
	t.Helper()
	now := time.Now()
	for _, c := range form.Diff(want.Form(now), got.Form(now)) {
		require.False(t, c.Changed, c.Field.Name)
	}
}

func TestS23_S24_VoidTakesEffectAtOnceAndIsTakenBack(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	for _, kind := range filedByKey {
		t.Run(string(kind), func(t *testing.T) {
			id := f.inForce(t, kind, f.document(t, kind, freshNumber()))
			require.Equal(t, storage.ListInForce, f.listedAs(t, kind, id))

			silent := f.order(id, record.Void, f.byKey())
			silent.Reason = ""
			_, err := f.Accept(t.Context(), silent)
			require.Equal(t, record.Invalid, record.CodeOf(err), "a reason is asked for")
			require.Equal(t, record.RefusedAssurance, f.run(t, f.order(id, record.Void, f.applicant())).Refusal)
			require.Equal(t, settled, f.stateOf(t, id))

			f.move(t, id, record.Void, f.byKey())
			require.Equal(t, voided, f.stateOf(t, id), "nobody reviews it")
			require.Equal(t, storage.ListVoided, f.listedAs(t, kind, id))
			_, err = f.Accept(t.Context(), f.order(id, record.Void, f.byKey()))
			require.Equal(t, record.Conflict, record.CodeOf(err), "T18 once")
			require.Equal(t, record.Conflict, record.CodeOf(f.StartChange(t.Context(), f.account, f.subject.ID, id, "改")))

			require.Equal(t, record.RefusedAssurance, f.run(t, f.order(id, record.Restore, f.applicant())).Refusal)
			f.move(t, id, record.Restore, f.byKey())
			require.Equal(t, settled, f.stateOf(t, id))
			require.Equal(t, storage.ListInForce, f.listedAs(t, kind, id))
		})
	}
	f.submitProfile(t)
	_, err := f.Accept(t.Context(), f.order(f.profile, record.Void, f.byKey()))
	require.Equal(t, record.Conflict, record.CodeOf(err), "基本信息 is changed, not voided")
	f.verify(t)
}

func (f *firm) submitProfile(t testing.TB) {
	t.Helper()
	f.submitByKey(t, f.profile)
	f.move(t, f.profile, record.Approve, reviewer(f.first))
}

func TestS23_AChangeWaitsBesideWhatCounts(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	document, ok := f.document(t, record.Qualification, freshNumber()).(*record.QualificationDocument)
	require.True(t, ok)
	id := f.inForce(t, record.Qualification, document)
	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, id, "换发证书"))
	number := document.CertificateNo
	document.CertificateNo += "X"
	f.write(t, id, document)
	f.submitByKey(t, id)
	lines := f.lines(t, record.Qualification, storage.ListInForce)
	require.Len(t, lines, 1, "a change keeps what counts visible")
	require.Contains(t, lines[0].Title, number)
	require.NotContains(t, lines[0].Title, document.CertificateNo)
	require.Len(t, f.lines(t, record.Qualification, storage.ListUnderReview), 1)
	_, err := f.Accept(ctx, f.order(id, record.Void, f.byKey()))
	require.Equal(t, record.Conflict, record.CodeOf(err), "what is under review is not voided")

	f.move(t, id, record.Approve, reviewer(f.first))
	require.Equal(t, record.SecondReview, f.stateOf(t, id).Filing, "B05 the number is a key field")
	f.move(t, id, record.Confirm, by(record.Confirmer, f.second))
	lines = f.lines(t, record.Qualification, storage.ListInForce)
	require.Len(t, lines, 1)
	require.Contains(t, lines[0].Title, document.CertificateNo)
	second := f.begin(t, record.Qualification, sample.Qualification(number, f.file(t)))
	f.submitByKey(t, second)
	f.verify(t)
}

func TestS24_RestoreLooksAgain(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	t.Run("an expired certificate stays voided", func(t *testing.T) {
		document := sample.Qualification(fmt.Sprintf("D243%06d", freshNumber()), f.file(t))
		document.ExpiresOn = form.Date(time.Now().In(record.Shanghai).AddDate(0, 0, 1).Format(time.DateOnly))
		id := f.inForce(t, record.Qualification, document)
		f.move(t, id, record.Void, f.byKey())
		f.move(t, id, record.Restore, f.byKey())
		f.move(t, id, record.Void, f.byKey())
		late := f.order(id, record.Restore, f.byKey())
		_, err := f.Accept(ctx, late)
		require.NoError(t, err)
		// It was accepted two days later, when the certificate had expired.
		_, err = f.app.NewRaw("UPDATE commands SET accepted_at = accepted_at + interval '2 days' WHERE id = ?", late.ID).Exec(ctx)
		require.NoError(t, err)
		require.Equal(t, record.RefusedProblems, f.apply(t, late).Refusal)
		require.Equal(t, voided, f.stateOf(t, id))
	})
	t.Run("a number that is in force again elsewhere stays voided", func(t *testing.T) {
		number := fmt.Sprintf("D243%06d", freshNumber())
		old := f.inForce(t, record.Qualification, sample.Qualification(number, f.file(t)))
		f.move(t, old, record.Void, f.byKey())
		fresh := f.inForce(t, record.Qualification, sample.Qualification(number, f.file(t)))
		require.Equal(t, record.RefusedDuplicate, f.run(t, f.order(old, record.Restore, f.byKey())).Refusal)
		f.move(t, fresh, record.Void, f.byKey())
		f.move(t, old, record.Restore, f.byKey())
		require.Equal(t, record.RefusedDuplicate, f.run(t, f.order(fresh, record.Restore, f.byKey())).Refusal)
	})
	f.verify(t)
}

func TestC9_VoidAndRestoreUnderACertificateThatDidNotCountAreRefused(t *testing.T) {
	w := certificatetest.New(t, "", "")
	f := newFirm(t, w)
	ctx := t.Context()
	standing := f.inForce(t, record.Award, f.document(t, record.Award, freshNumber()))
	gone := f.inForce(t, record.Award, f.document(t, record.Award, freshNumber()))
	f.move(t, gone, record.Void, f.byKey())
	waiting := f.begin(t, record.Award, f.document(t, record.Award, freshNumber()))

	commands := []record.Command{
		f.order(standing, record.Void, f.byKey()), f.order(gone, record.Restore, f.byKey()), f.submission(t, waiting, f.byKey()),
	}
	for _, c := range commands {
		_, err := f.Accept(ctx, c)
		require.NoError(t, err)
	}
	list, der := w.List(t, time.Now().UnixNano(), certificate.Entry{
		Serial: f.key.Certificate.Serial(), At: time.Now().Add(-time.Hour).UTC().Truncate(time.Second), Reason: "keyCompromise",
	})
	_, err := f.SaveRevocationList(ctx, w.Trust.Issuers()[0].Key, list, der)
	require.NoError(t, err)
	for _, c := range commands {
		require.Equal(t, record.RefusedCertificate, f.apply(t, c).Refusal, "%s: revoked before it was accepted, known only afterwards", c.Move)
	}
	require.Equal(t, settled, f.stateOf(t, standing))
	require.Equal(t, voided, f.stateOf(t, gone))
	draft, err := f.Draft(ctx, f.subject.ID, waiting)
	require.NoError(t, err)
	require.False(t, draft.Locked)

	stranger := newFirm(t, w)
	borrowed := f.order(standing, record.Void, f.byKey())
	borrowed.Actor.Certificate = stranger.key.Certificate.SHA256()
	require.Equal(t, record.RefusedCertificate, f.run(t, borrowed).Refusal, "C5 another subject's certificate is none")
	f.verify(t)
}

func TestS28_APersonIsInForceAtOneOrganization(t *testing.T) {
	w := certificatetest.New(t, "", "")
	a, b := newFirm(t, w), newFirm(t, w)
	ctx := t.Context()
	person := a.freshPerson(t)
	elsewhere := sample.Practitioner(person.IDNumber, "同名不同写", b.file(t))
	first := a.inForce(t, record.Practitioner, person)

	second := b.begin(t, record.Practitioner, elsewhere)
	out := b.run(t, b.submission(t, second, b.byKey()))
	require.Equal(t, record.RefusedEmployed, out.Refusal, "before anybody has worked on it")
	draft, err := b.Draft(ctx, b.subject.ID, second)
	require.NoError(t, err)
	require.False(t, draft.Locked)
	same(t, elsewhere, draft.Document)

	t.Run("the refusal names nobody", func(t *testing.T) {
		events, err := b.Events(ctx, second)
		require.NoError(t, err)
		status, err := b.CommandStatus(ctx, out.Command)
		require.NoError(t, err)
		said, err := json.Marshal([]any{events, status})
		require.NoError(t, err)
		text := string(said) + out.Refusal.Explain()
		for _, secret := range []string{a.subject.Name, a.subject.Code, string(a.subject.ID), string(first), person.Name, person.IDNumber} {
			require.NotContains(t, text, secret)
		}
	})
	t.Run("nor at the same one twice", func(t *testing.T) {
		again := a.begin(t, record.Practitioner, sample.Practitioner(person.IDNumber, person.Name, a.file(t)))
		require.Equal(t, record.RefusedEmployed, a.run(t, a.submission(t, again, a.byKey())).Refusal)
	})
	require.Equal(t, record.RefusedAssurance, a.run(t, a.order(first, record.Release, a.applicant())).Refusal)
	a.move(t, first, record.Release, a.byKey())
	require.Equal(t, voided, a.stateOf(t, first))
	b.submitByKey(t, second)
	b.move(t, second, record.Approve, reviewer(b.first))
	require.Equal(t, record.RefusedEmployed, a.run(t, a.order(first, record.Restore, a.byKey())).Refusal, "S24 uniqueness is looked at again")
	b.move(t, second, record.Release, b.byKey())
	a.move(t, first, record.Restore, a.byKey())

	award := a.inForce(t, record.Award, a.document(t, record.Award, freshNumber()))
	_, err = a.Accept(ctx, a.order(award, record.Release, a.byKey()))
	require.Equal(t, record.Conflict, record.CodeOf(err), "only people are let go")
	a.verify(t)
}

func TestT19_TwoOrganizationsRaceForOnePerson(t *testing.T) {
	const pairs = 200
	w := certificatetest.New(t, "", "")
	firms := []*firm{newFirm(t, w), newFirm(t, w)}
	ctx := t.Context()
	for n := range pairs {
		person := firms[0].freshPerson(t)
		commands := make([]record.Command, len(firms))
		for i, f := range firms {
			id := f.begin(t, record.Practitioner, sample.Practitioner(person.IDNumber, person.Name, f.file(t)))
			f.submitByKey(t, id)
			commands[i] = f.order(id, record.Approve, reviewer(f.first))
		}
		outcomes := make([]record.Outcome, len(firms))
		var both sync.WaitGroup
		for i, f := range firms {
			both.Go(func() {
				_, err := f.Accept(ctx, commands[i])
				applied, err2 := f.Apply(ctx, commands[i].Record, []record.ID{commands[i].ID})
				if err != nil || err2 != nil || len(applied.Outcomes) != 1 {
					t.Error(err, err2)
					return
				}
				outcomes[i] = applied.Outcomes[0]
			})
		}
		both.Wait()
		require.NotEqual(t, outcomes[0].Applied, outcomes[1].Applied, "pair %d: exactly one organization has the person", n)
		for i, f := range firms {
			if outcomes[i].Applied {
				require.Equal(t, settled, f.stateOf(t, commands[i].Record))
				continue
			}
			require.Equal(t, record.RefusedEmployed, outcomes[i].Refusal)
			require.Equal(t, underReview, f.stateOf(t, commands[i].Record), "a reviewer goes on from here")
		}
	}
	require.Equal(t, pairs, len(firms[0].lines(t, record.Practitioner, storage.ListInForce))+len(firms[1].lines(t, record.Practitioner, storage.ListInForce)))
	firms[0].verify(t)
}

func TestS20_ACertificatesNumberIsUniqueWithinItsSubject(t *testing.T) {
	w := certificatetest.New(t, "", "")
	a, b := newFirm(t, w), newFirm(t, w)
	number := fmt.Sprintf("D243%06d", freshNumber())
	a.inForce(t, record.Qualification, sample.Qualification(number, a.file(t)))
	b.inForce(t, record.Qualification, sample.Qualification(number, b.file(t)))
	again := a.begin(t, record.Qualification, sample.Qualification(number, a.file(t)))
	require.Equal(t, record.RefusedDuplicate, a.run(t, a.submission(t, again, a.byKey())).Refusal)

	t.Run("two filings of one number: the second is refused where it would count", func(t *testing.T) {
		other := fmt.Sprintf("D243%06d", freshNumber())
		first := a.begin(t, record.Qualification, sample.Qualification(other, a.file(t)))
		a.submitByKey(t, first)
		second := a.begin(t, record.Qualification, sample.Qualification(other, a.file(t)))
		a.submitByKey(t, second)
		a.move(t, first, record.Approve, reviewer(a.first))
		require.Equal(t, record.RefusedDuplicate, a.run(t, a.order(second, record.Approve, reviewer(a.first))).Refusal)
		require.Equal(t, underReview, a.stateOf(t, second))
	})
	for _, kind := range []record.Kind{record.Performance, record.Award} {
		n := freshNumber()
		a.inForce(t, kind, a.document(t, kind, n))
		a.inForce(t, kind, a.document(t, kind, n))
	}
	a.verify(t)
}

func TestStartingTwiceOpensOneDraft(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	ids := make([]record.ID, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			var err error
			if ids[i], err = f.StartDraft(ctx, f.account, f.subject, record.Award); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.Len(t, f.lines(t, record.Award, ""), 1)
	f.write(t, ids[0], f.document(t, record.Award, freshNumber()))
	next, err := f.StartDraft(ctx, f.account, f.subject, record.Award)
	require.NoError(t, err)
	require.NotEqual(t, ids[0], next, "one that was written on is left alone")
	_, err = f.StartDraft(ctx, f.account, f.subject, record.PersonProfile)
	require.Equal(t, record.NotFound, record.CodeOf(err), "a kind of other subjects")
	f.verify(t)
}

func TestS25_PeopleAreChosenFromOnesOwn(t *testing.T) {
	w := certificatetest.New(t, "", "")
	a, b := newFirm(t, w), newFirm(t, w)
	ctx := t.Context()
	standing, waiting, drafted := a.freshPerson(t), a.freshPerson(t), a.freshPerson(t)
	known := a.inForce(t, record.Practitioner, standing)
	filed := a.begin(t, record.Practitioner, waiting)
	a.submitByKey(t, filed)
	draft := a.begin(t, record.Practitioner, drafted)
	foreign := b.inForce(t, record.Practitioner, b.freshPerson(t))
	award := a.inForce(t, record.Award, a.document(t, record.Award, freshNumber()))

	ids := []string{string(known), string(known), string(filed), string(draft), string(foreign), string(award), "x", ""}
	found, err := a.EmployedOf(ctx, a.subject.ID, ids)
	require.NoError(t, err)
	require.Len(t, found, 2, "who counts and who is under review; nobody else's, no draft, no other kind")
	require.Equal(t, form.Reference{ID: string(known), Name: standing.Name, Number: standing.IDNumber, Note: standing.Registrations[0].No}, found[string(known)])
	require.Equal(t, waiting.IDNumber, found[string(filed)].Number)
	found, err = b.EmployedOf(ctx, b.subject.ID, ids)
	require.NoError(t, err)
	require.Len(t, found, 1)

	for search, n := range map[string]int{"": 2, standing.Name: 1, "zya": 2, standing.Registrations[0].No: 1, "%": 0, standing.IDNumber: 0} {
		offered, err := a.Employed(ctx, a.subject.ID, search, 10)
		require.NoError(t, err)
		require.Len(t, offered, n, search)
		for _, person := range offered {
			require.Empty(t, person.Number)
		}
	}
	a.move(t, known, record.Release, a.byKey())
	found, err = a.EmployedOf(ctx, a.subject.ID, ids)
	require.NoError(t, err)
	require.Len(t, found, 1, "whoever was let go is not offered")
}

func TestW19_NobodyReviewsThemselvesAmongThePractitioners(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	person := f.freshPerson(t)
	own := f.staff(t, record.Reviewer, person.IDNumber)
	id := f.begin(t, record.Practitioner, person)
	f.submitByKey(t, id)
	f.bars(t, record.RefusedOwnFiling, f.order(id, record.Approve, reviewer(own)))
	f.move(t, id, record.Approve, reviewer(f.first))

	award := sample.Award("芙蓉奖", f.file(t), form.Reference{ID: string(id), Name: person.Name, Number: person.IDNumber})
	prize := f.begin(t, record.Award, award)
	f.submitByKey(t, prize)
	f.bars(t, record.RefusedOwnFiling, f.order(prize, record.Approve, reviewer(own))) // nor what they won
	f.verify(t)
}

func TestAReturnOfAReopenedRecordKeepsTheChangeThatIsBeingWritten(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	award := sample.Award("芙蓉奖", f.file(t))
	id := f.inForce(t, record.Award, award)
	require.NoError(t, f.StartChange(t.Context(), f.account, f.subject.ID, id, "改名"))
	award.Name = "写到一半"
	f.write(t, id, award)
	f.move(t, id, record.Reopen, record.Actor{Role: record.Supervisor, ID: f.boss})
	f.move(t, id, record.Return, reviewer(f.first))
	draft, err := f.Draft(t.Context(), f.subject.ID, id)
	require.NoError(t, err)
	require.Equal(t, "写到一半", draft.Document.Title(), "nothing that was typed is lost")
	f.submitByKey(t, id)
	f.verify(t)
}
