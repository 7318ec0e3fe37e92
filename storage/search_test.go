package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

func TestSubjectsAreFoundByPartOfTheNameAndWholeCode(t *testing.T) {
	d := newDesk(t)
	mark := string(storage.NewID())[24:]
	register := func(kind record.SubjectType, idType, code, name string) record.Subject {
		t.Helper()
		r, err := d.Register(t.Context(), storage.Registration{
			Command: storage.NewID(), Type: kind, IDType: idType, Code: code, Name: name, Password: "hash",
		})
		require.NoError(t, err)
		return r.Subject
	}
	unit := register(record.Organization, "", sample.CreditCode(77_000_000+int(codeNumber.Add(1))), "搜索_100%"+mark+"公司")
	person := register(record.Person, "111", sample.ResidentID(8_000_000+int(codeNumber.Add(1))), "搜索人"+mark)
	passport := register(record.Person, "414", "E"+strings.ToUpper(mark[:8]), "护照持有人"+mark)

	for query, want := range map[string][]record.ID{
		mark:                          {unit.ID, person.ID, passport.ID},
		"_100%" + mark:                {unit.ID},
		"x100x" + mark:                {}, // wildcards mean themselves
		unit.Code:                     {unit.ID},
		strings.ToLower(unit.Code):    {unit.ID},
		unit.Code[:17]:                {},
		person.Code:                   {person.ID},
		"  " + person.Code[:17] + " ": {},
		passport.Code:                 {passport.ID},
		"":                            {},
		`\`:                           {},
	} {
		found, total, err := d.SearchSubjects(t.Context(), query, 10, 0)
		require.NoError(t, err, query)
		require.Len(t, found, len(want), query)
		require.Equal(t, len(want), total, query)
		ids := make([]record.ID, 0, len(found))
		for _, f := range found {
			ids = append(ids, f.Subject.ID)
		}
		require.ElementsMatch(t, want, ids, query)
	}

	t.Run("page by page", func(t *testing.T) {
		seen := map[record.ID]bool{}
		for offset := range 3 {
			found, total, err := d.SearchSubjects(t.Context(), mark, 1, offset)
			require.NoError(t, err)
			require.Equal(t, 3, total)
			require.Len(t, found, 1)
			seen[found[0].Subject.ID] = true
		}
		require.Len(t, seen, 3)
	})
	t.Run("with the state of the profile and its open review", func(t *testing.T) {
		find := func() storage.FoundSubject {
			t.Helper()
			found, _, err := d.SearchSubjects(t.Context(), d.subject.Code, 10, 0)
			require.NoError(t, err)
			require.Len(t, found, 1)
			return found[0]
		}
		require.Equal(t, record.NothingFiled, find().Profile.Filing)
		require.Empty(t, find().Review)
		require.True(t, d.submit(t).Applied)
		require.Equal(t, record.UnderReview, find().Profile.Filing)
		review, err := d.ReviewOf(t.Context(), d.profile)
		require.NoError(t, err)
		require.Equal(t, review, find().Review)
	})
	subjects, err := d.SubjectsByID(t.Context(), []record.ID{unit.ID, person.ID})
	require.NoError(t, err)
	require.Equal(t, map[record.ID]record.Subject{unit.ID: unit, person.ID: person}, subjects)
}

func TestB17_TheSameFileUnderTwoSubjectsIsNamed(t *testing.T) {
	first, second, third := newDesk(t), newDesk(t), newDesk(t)
	hash := first.document.Licence[0].SHA256
	unique := fmt.Sprintf("%064x", codeNumber.Add(1))
	for _, d := range []*desk{first, second, third} {
		_, err := d.owner.NewRaw("UPDATE files SET sha256 = ? WHERE subject = ?", unique, d.subject.ID).Exec(t.Context())
		require.NoError(t, err)
	}
	require.NotEqual(t, hash, unique)
	shared, err := first.SharedFiles(t.Context(), first.subject.ID, []string{unique})
	require.NoError(t, err)
	require.Empty(t, shared, "what was not submitted does not count")
	require.True(t, second.submit(t).Applied)
	require.True(t, third.submit(t).Applied)
	shared, err = first.SharedFiles(t.Context(), first.subject.ID, []string{unique, "none"})
	require.NoError(t, err)
	require.Len(t, shared, 1)
	var names []string
	for _, subject := range shared[unique] {
		names = append(names, subject.Name)
	}
	require.ElementsMatch(t, []string{second.subject.Name, third.subject.Name}, names)
	shared, err = first.SharedFiles(t.Context(), first.subject.ID, nil)
	require.NoError(t, err)
	require.Empty(t, shared)
}

func TestW29_ARevealIsAnEventOfTheSubjectsChain(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	id, err := d.ReviewOf(t.Context(), d.profile)
	require.NoError(t, err)
	review, err := d.Review(t.Context(), d.first, id)
	require.NoError(t, err)
	require.NoError(t, d.Reveal(t.Context(), storage.Reveal{
		By: reviewer(d.first), Subject: review.Subject.ID, Record: review.Record.ID, Review: review.Task.ID, Version: review.Task.Version, Reason: storage.RevealContents,
	}))
	events, err := d.Events(t.Context(), d.profile)
	require.NoError(t, err)
	last := events[len(events)-1]
	require.Equal(t, storage.EventRevealed, last.Type)
	require.Equal(t, d.first, last.Actor)
	require.Equal(t, "周婧", last.Name)
}

func TestPendingCommandsAreThoseWithoutAnOutcome(t *testing.T) {
	d := newDesk(t)
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	c := d.command(record.Submit, d.applicant())
	c.Draft = draft.Version
	receipt, err := d.Accept(t.Context(), c)
	require.NoError(t, err)
	pending, err := d.PendingCommands(t.Context(), d.profile, true)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.Equal(t, receipt.Number, pending[0].Receipt.Number)
	_, err = d.Apply(t.Context(), d.profile, nil)
	require.NoError(t, err)
	pending, err = d.PendingCommands(t.Context(), d.profile, true)
	require.NoError(t, err)
	require.Empty(t, pending)
}
