package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

// awards is a desk that files 获奖信息 under a certificate.
type awards struct {
	*desk
	actor record.Actor
}

func newAwards(t *testing.T) *awards {
	t.Helper()
	a := &awards{desk: newDesk(t)}
	key := certificatetest.New(t, "", "").Issue(t, certificate.RSA, a.subject.Code)
	_, err := byKey(t, a.desk, key, a.account)
	require.NoError(t, err)
	a.actor = record.Actor{Role: record.Applicant, ID: a.account, Assurance: record.ByCertificate, Certificate: key.Certificate.SHA256()}
	return a
}

// start opens an award; what the desk does from here on is done on it.
func (a *awards) start(t *testing.T, name string) record.ID {
	t.Helper()
	id, err := a.StartDraft(t.Context(), a.account, a.subject, record.Award)
	require.NoError(t, err)
	a.profile = id
	a.write(t, name)
	return id
}

func (a *awards) write(t *testing.T, name string) {
	t.Helper()
	draft, err := a.Draft(t.Context(), a.subject.ID, a.profile)
	require.NoError(t, err)
	_, err = a.SaveDraft(t.Context(), a.subject.ID, a.profile, draft.Version, sample.Award(name, a.file(t)))
	require.NoError(t, err)
}

func (a *awards) signed(t *testing.T) {
	t.Helper()
	draft, err := a.Draft(t.Context(), a.subject.ID, a.profile)
	require.NoError(t, err)
	c := a.command(record.Submit, a.actor)
	c.Draft, c.Signature = draft.Version, []byte("signature")
	c.Digest, _, err = a.DraftDigest(t.Context(), a.subject.ID, a.profile, draft.Version)
	require.NoError(t, err)
	require.True(t, a.do(t, c).Applied)
}

func (a *awards) move(t *testing.T, move record.Move, by record.Actor) {
	t.Helper()
	c := a.command(move, by)
	c.Reason = "原因"
	require.True(t, a.do(t, c).Applied, move)
}

func (a *awards) approve(t *testing.T) {
	t.Helper()
	a.move(t, record.Approve, reviewer(a.first))
	if a.state(t).Filing == record.SecondReview {
		a.move(t, record.Confirm, by(record.Confirmer, a.second))
	}
}

func (a *awards) list(t *testing.T) []storage.Listing {
	t.Helper()
	page, err := a.List(t.Context(), storage.ListQuery{Subject: a.subject.ID, Kind: record.Award, Limit: 10})
	require.NoError(t, err)
	return page.Lines
}

func TestS29_TheListShowsWhatCountsThroughTheWholeLife(t *testing.T) {
	a := newAwards(t)
	award := a.start(t, "甲")
	step := 0
	shows := func(title string) {
		t.Helper()
		step++
		lines := a.list(t)
		require.Equal(t, award, lines[0].Record, "step %d: the latest change comes first", step)
		require.Equal(t, title, lines[0].Title, "step %d", step)
		// Between two steps another line is the latest.
		a.start(t, "另一项")
		a.profile = award
		require.NotEqual(t, award, a.list(t)[0].Record)
	}
	shows("甲")
	a.write(t, "乙")
	shows("乙")
	a.signed(t)
	shows("乙")
	a.move(t, record.Withdraw, a.actor)
	shows("乙")
	a.write(t, "丙")
	shows("丙")
	a.signed(t)
	a.move(t, record.Return, reviewer(a.first))
	shows("丙")
	a.write(t, "丁")
	shows("丙")
	a.signed(t)
	shows("丁")
	a.approve(t)
	shows("丁")
	require.NoError(t, a.StartChange(t.Context(), a.account, a.subject.ID, award, "更正名称"))
	shows("丁")
	a.write(t, "戊")
	shows("丁")
	a.signed(t)
	shows("丁")
	a.approve(t)
	shows("戊")
	a.move(t, record.Void, a.actor)
	shows("戊")
	a.move(t, record.Restore, a.actor)
	shows("戊")
	a.verify(t)
}

func TestS29_ALineGoesWithADraftThatWasNeverFiled(t *testing.T) {
	a := newAwards(t)
	id := a.start(t, "甲")
	require.Len(t, a.list(t), 1)
	require.NoError(t, a.DropDraft(t.Context(), a.subject.ID, id))
	require.Empty(t, a.list(t))

	a.start(t, "乙")
	a.signed(t)
	a.move(t, record.Withdraw, a.actor)
	require.NoError(t, a.DropDraft(t.Context(), a.subject.ID, a.profile))
	require.Empty(t, a.list(t), "nothing can be done any more with what was withdrawn and dropped")
	a.verify(t)
}

func TestALineOfAnEarlierReleaseIsShownUnderTodaysColumns(t *testing.T) {
	a := newAwards(t)
	id := a.start(t, "甲")
	definition, _ := record.DefinitionOf(record.Award)
	for _, cells := range []string{"{}", "{a,b,c,d,e,f,g,h,i,j}"} {
		_, err := a.app.NewRaw("UPDATE listings SET cells = ? WHERE record = ?", cells, id).Exec(t.Context())
		require.NoError(t, err)
		require.Len(t, a.list(t)[0].Cells, len(definition.Columns))
	}
	a.write(t, "甲")
	a.verify(t)
}
