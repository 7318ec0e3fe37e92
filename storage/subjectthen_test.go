package storage_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// then is how a firm stood at an instant, now for the zero time.
func (f *firm) then(ctx context.Context, t require.TestingT, at time.Time) storage.SubjectThen {
	then, err := f.SubjectAt(ctx, f.subject.ID, at)
	require.NoError(t, err)
	return then
}

// recordThen is one record of a firm in an answer; the zero value where it is not
// among them.
func recordThen(then storage.SubjectThen, id record.ID) storage.RecordThen {
	for _, r := range then.Records {
		if r.ID == id {
			return r
		}
	}
	return storage.RecordThen{}
}

// Whatever happens afterwards, by whomever, the answer for an instant that is past
// stays the same; and asked for now it is what the records say.
func TestN05_AskedAgainForAPastInstantTheAnswerIsTheSame(t *testing.T) {
	h, ctx := newHall(t), t.Context()
	type noted struct {
		f      *firm
		answer storage.SubjectThen
	}
	rapid.Check(t, func(t *rapid.T) {
		h.begin(ctx, t)
		var all []noted
		for range rapid.IntRange(4, 12).Draw(t, "steps") {
			l := h.step(ctx, t)
			f := h.firms[l.owner]
			now := f.then(ctx, t, time.Time{})
			all = append(all, noted{f, now})
			got := recordThen(now, l.id)
			if !l.exists {
				require.Zero(t, got)
				continue
			}
			require.Equal(t, l.state, got.State)
			require.Equal(t, l.inForce, got.InForce)
			require.Equal(t, l.submitted, got.Submitted)
			require.Equal(t, len(l.versions), got.Last)
			shown := h.document(l, l.versions[got.Shown()-1])
			shown.Form(time.Time{}) // writes what follows from other fields
			require.Equal(t, shown.Title(), got.Title)
		}
		for _, n := range all {
			require.Equal(t, n.answer, n.f.then(ctx, t, n.answer.At))
		}
	})
	f := h.firms[0]
	facts, at, err := f.EligibilityFacts(ctx, f.subject.ID, time.Time{})
	require.NoError(t, err)
	require.Equal(t, record.EligibilityOf(facts), f.then(ctx, t, at).Eligibility, "the same rule on the same facts")
}

func TestN05_ASubjectAsItStood(t *testing.T) {
	ctx := t.Context()
	f := newFirm(t, certificatetest.New(t, "", ""))
	registered := f.subject.Name
	fresh := f.then(ctx, t, time.Time{})
	require.True(t, fresh.Existed)
	require.True(t, fresh.Subject.Proven, "its key has logged in")
	require.Empty(t, fresh.Records)
	require.Len(t, fresh.Certificates, 1)
	require.False(t, fresh.Eligibility.Paper)

	t.Run("N05 a name counts from the version that brought it", func(t *testing.T) {
		f.desk.document.LegalName, f.desk.document.Account.Name = "改名前的公司", "改名前的公司"
		f.save(t)
		require.True(t, f.submit(t).Applied)
		waiting := f.then(ctx, t, time.Time{})
		require.Equal(t, registered, waiting.Subject.Name)
		require.Equal(t, "改名前的公司", waiting.Records[0].Title, "the record is known by what was filed")
		require.True(t, f.do(t, f.command(record.Approve, reviewer(f.first))).Applied)
		approved := f.then(ctx, t, time.Time{})
		require.Equal(t, "改名前的公司", approved.Subject.Name)
		require.True(t, approved.Eligibility.Paper)
		require.Equal(t, registered, f.then(ctx, t, waiting.At).Subject.Name)
		require.Equal(t, fresh, f.then(ctx, t, fresh.At))
	})
	t.Run("N05 before the registration there was nothing", func(t *testing.T) {
		before := f.then(ctx, t, fresh.Registered.Add(-time.Minute))
		require.False(t, before.Existed)
		require.Equal(t, fresh.Registered, before.Registered)
		require.Empty(t, before.Records)
		require.Empty(t, before.Certificates)
		around, err := f.ChangesAround(ctx, f.subject.ID, before.At)
		require.NoError(t, err)
		require.Zero(t, around.Before)
		require.Equal(t, string(storage.MoveRegister), around.After.Type)
	})
	t.Run("N05 an instant that has not come is refused", func(t *testing.T) {
		_, err := f.SubjectAt(ctx, f.subject.ID, time.Now().Add(time.Hour))
		require.Equal(t, record.Invalid, record.CodeOf(err))
		_, err = f.SubjectAt(ctx, storage.NewID(), time.Time{})
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	t.Run("N05 what expires does so on its day, whenever it is asked", func(t *testing.T) {
		d := sample.Qualification("N05-1", f.file(t))
		d.ExpiresOn = form.Date(time.Now().In(record.Shanghai).AddDate(0, 0, 3).Format(time.DateOnly))
		id := f.inForce(t, record.Qualification, d)
		now := f.then(ctx, t, time.Time{})
		require.False(t, recordThen(now, id).Expired)
		require.True(t, record.ExpiredAt(d, time.Now().AddDate(0, 0, 5)))
		f.move(t, id, record.Void, f.byKey())
		require.False(t, recordThen(f.then(ctx, t, time.Time{}), id).Expired, "what is voided is not expired besides")
		require.Equal(t, now, f.then(ctx, t, now.At))
	})
	t.Run("N05 every change leads to the next", func(t *testing.T) {
		var types []string
		for at := fresh.Registered.Add(-time.Second); ; {
			around, err := f.ChangesAround(ctx, f.subject.ID, at)
			require.NoError(t, err)
			if around.After.At.IsZero() {
				require.Equal(t, string(record.Void), around.Before.Type, "it was the last but at its own instant")
				break
			}
			types, at = append(types, around.After.Type), around.After.At
			if len(types) > 100 {
				t.Fatal("the changes have no end")
			}
			if at.Equal(lastChange(t, f)) {
				break
			}
		}
		require.Equal(t, []string{
			string(storage.MoveRegister), storage.EventCertificateBound, string(record.Submit), string(record.Approve),
			string(record.Submit), string(record.Approve), string(record.Void),
		}, types, "what happened in one instant is one step")
	})
}

// lastChange is the instant of the last event of a firm.
func lastChange(t testing.TB, f *firm) time.Time {
	t.Helper()
	var at time.Time
	require.NoError(t, f.app.NewRaw("SELECT max(at) FROM events WHERE chain = ?", f.subject.ID).Scan(t.Context(), &at))
	return at.UTC()
}

// What an issuer says of the past is known from the instant on which it says so.
func TestN05_AWordOfTheIssuerChangesNoAnswerOfThePast(t *testing.T) {
	ctx := t.Context()
	f := newFirm(t, certificatetest.New(t, "", ""))
	f.write(t, f.profile, f.desk.document)
	f.submitByKey(t, f.profile)
	require.True(t, f.do(t, f.command(record.Approve, reviewer(f.first))).Applied)
	say := func(word string, at time.Time) storage.SubjectThen {
		t.Helper()
		require.NoError(t, f.CertificateWord(ctx, f.key.Verified.Issuer.Key, f.key.Certificate.Serial(), word, at, "keyCompromise"))
		return f.then(ctx, t, time.Time{})
	}
	state := func(then storage.SubjectThen) record.CertificateState { return then.Certificates[0].State(then.At) }

	good := f.then(ctx, t, time.Time{})
	require.Equal(t, record.CertificateValid, state(good))
	require.True(t, good.Eligibility.Electronic)
	suspended := say(storage.WordSuspended, time.Now())
	require.Equal(t, record.CertificateSuspended, state(suspended))
	require.False(t, suspended.Eligibility.Electronic)
	require.True(t, suspended.Eligibility.Paper)
	resumed := say(storage.WordResumed, time.Now())
	require.True(t, resumed.Eligibility.Electronic)
	revoked := say(storage.WordRevoked, time.Now().Add(-time.Hour))
	require.Equal(t, record.CertificateRevoked, state(revoked))
	for _, answer := range []storage.SubjectThen{good, suspended, resumed, revoked} {
		require.Equal(t, answer, f.then(ctx, t, answer.At))
	}
	facts, _, err := f.EligibilityFacts(ctx, f.subject.ID, good.At)
	require.NoError(t, err)
	require.False(t, record.EligibilityOf(facts).Electronic, "by what is known today it was revoked then")
}
