package storage_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// walk reads a list page by page, forwards or from its end backwards, and
// returns the titles in the order of the list.
func (f *firm) walk(t testing.TB, q storage.ListQuery, backwards bool) []string {
	t.Helper()
	q.Subject = f.subject.ID
	var titles []string
	pages := 0
	for {
		page, err := f.List(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Lines), q.Limit)
		var those []string
		for _, line := range page.Lines {
			those = append(those, line.Title)
		}
		if backwards {
			titles = append(those, titles...)
			q.Before, q.After = page.Previous, ""
		} else {
			titles = append(titles, those...)
			q.After, q.Before = page.Next, ""
		}
		if q.After+q.Before == "" {
			return titles
		}
		pages++
		require.Less(t, pages, 100, "the pages come to an end")
	}
}

func TestS20_ListsAreSortedAndTurnedOverTies(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	const lines = 23
	for n := range lines {
		award := sample.Award(fmt.Sprintf("奖 %d", n%3), f.file(t))
		award.GrantedOn = form.Date(fmt.Sprintf("2025-01-%02d", 1+n%2))
		award.Rank = fmt.Sprint(n)
		if n%5 == 0 {
			award.GrantedOn = "尚未颁发"
		}
		f.begin(t, record.Award, award)
	}
	// Ties in every order, down to the same instant.
	_, err := f.app.NewRaw("UPDATE listings SET updated_at = date_trunc('hour', updated_at) WHERE subject = ?", f.subject.ID).Exec(ctx)
	require.NoError(t, err)
	for _, order := range []storage.ListOrder{storage.ListRecent, storage.ListTitle, storage.ListDate, "nonsense"} {
		whole := f.walk(t, storage.ListQuery{Kind: record.Award, Order: order, Limit: 1000}, false)
		require.Len(t, whole, lines)
		for _, limit := range []int{1, 4, lines - 1, lines, lines + 1} {
			q := storage.ListQuery{Kind: record.Award, Order: order, Limit: limit}
			require.Equal(t, whole, f.walk(t, q, false), "%s by %d", order, limit)
			last, before := f.end(t, q)
			if before.Before != "" {
				last = append(f.walk(t, before, true), last...)
			}
			require.Equal(t, whole, last, "%s by %d, backwards", order, limit)
		}
	}
	byTitle := f.walk(t, storage.ListQuery{Kind: record.Award, Order: storage.ListTitle, Limit: 5}, false)
	require.True(t, slices.IsSorted(byTitle), byTitle)
	page, err := f.List(ctx, storage.ListQuery{Subject: f.subject.ID, Kind: record.Award, Order: storage.ListDate, Limit: lines})
	require.NoError(t, err)
	var dates []string
	for _, line := range page.Lines {
		dates = append(dates, line.Cells[2])
	}
	require.Equal(t, "2025-01-02", dates[0], "the latest first")
	require.Equal(t, "尚未颁发", dates[lines-1], "what is no date last")
}

// end is the last page of a list, and the query of what stands before it.
func (f *firm) end(t testing.TB, q storage.ListQuery) (titles []string, before storage.ListQuery) {
	t.Helper()
	q.Subject = f.subject.ID
	for {
		page, err := f.List(t.Context(), q)
		require.NoError(t, err)
		if page.Next != "" {
			q.After = page.Next
			continue
		}
		for _, line := range page.Lines {
			titles = append(titles, line.Title)
		}
		q.After, q.Before = "", page.Previous
		return titles, q
	}
}

func TestS20_ACursorThatIsNoneStartsAtTheBeginning(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	for n := range 3 {
		f.begin(t, record.Award, sample.Award(fmt.Sprintf("奖 %d", n), f.file(t)))
	}
	id := string(storage.NewID())
	for _, text := range []string{"", "x", id, id + "奖", id + "\xff", id + "\x00", id + "0000-00-00T00:00:00Z", strings.Repeat("9", 5000)} {
		for _, order := range []storage.ListOrder{storage.ListRecent, storage.ListTitle, storage.ListDate} {
			for _, cursor := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
				for _, q := range []storage.ListQuery{{After: cursor}, {Before: cursor}, {After: cursor, Before: cursor}} {
					q.Subject, q.Kind, q.Order, q.Limit = f.subject.ID, record.Award, order, 2
					_, err := f.List(t.Context(), q)
					require.NoError(t, err, "%s %q", order, text)
				}
			}
		}
	}
	page, err := f.List(t.Context(), storage.ListQuery{Subject: f.subject.ID, Kind: record.Award, Before: "x", Limit: 2})
	require.NoError(t, err)
	first, err := f.List(t.Context(), storage.ListQuery{Subject: f.subject.ID, Kind: record.Award, Limit: 2})
	require.NoError(t, err)
	require.Equal(t, first, page)
}

func TestS20_ListsAreSearched(t *testing.T) {
	w := certificatetest.New(t, "", "")
	f, other := newFirm(t, w), newFirm(t, w)
	person := f.freshPerson(t)
	person.Name = "𬀩明远"
	f.begin(t, record.Practitioner, person)
	namesake := f.freshPerson(t)
	namesake.Name = "100%_合格\\人"
	f.begin(t, record.Practitioner, namesake)
	theirs := other.freshPerson(t)
	theirs.Name = "𬀩明远"
	other.begin(t, record.Practitioner, theirs)

	found := func(search string) int {
		page, err := f.List(t.Context(), storage.ListQuery{Subject: f.subject.ID, Kind: record.Practitioner, Search: search, Limit: 10})
		require.NoError(t, err)
		return len(page.Lines)
	}
	for search, n := range map[string]int{
		"": 2, "  ": 2,
		"明远": 1, "远": 1, "明遠": 0,
		"my": 1, "MY": 1, "yjz": 2, // 一级注册建造师
		person.Registrations[0].No: 1, strings.ToLower(person.Safety[0].No): 1, person.Registrations[0].No[:6]: 2,
		person.IDNumber: 1, " " + strings.ToLower(person.IDNumber) + " ": 1, person.IDNumber[:17]: 0, theirs.IDNumber: 0,
		"%": 1, "_": 1, `\`: 1, "100%": 1, "%合格": 0, "1__%": 0, "'": 0, "\x00": 2, "没有": 0,
		"项目经理": 2, "xmjl": 2,
	} {
		require.Equal(t, n, found(search), "%q", search)
	}
	page, err := f.List(t.Context(), storage.ListQuery{Subject: f.subject.ID, Kind: record.Award, Search: "明远", Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page.Lines, "another kind")
}

func TestListsFollowEveryMove(t *testing.T) {
	f := newFirmOn(t, storagetest.Fresh(t), certificatetest.New(t, "", ""))
	ctx := t.Context()
	// listed tells where a record stands after each step, and has verification
	// look at all lists.
	listed := func(id record.ID, want storage.ListState, title string) {
		t.Helper()
		require.Equal(t, want, f.listedAs(t, record.Award, id))
		for _, line := range f.lines(t, record.Award, "") {
			if line.Record == id {
				require.Equal(t, title, line.Title)
			}
		}
		f.verify(t)
	}
	award := sample.Award("芙蓉奖", f.file(t))
	id := f.begin(t, record.Award, award)
	listed(id, storage.ListDrafts, "芙蓉奖")
	f.submitByKey(t, id)
	listed(id, storage.ListUnderReview, "芙蓉奖")
	f.move(t, id, record.Withdraw, f.byKey())
	listed(id, storage.ListDrafts, "芙蓉奖")
	award.Name = "芙蓉奖 二"
	f.write(t, id, award)
	listed(id, storage.ListDrafts, "芙蓉奖 二")
	f.submitByKey(t, id)
	f.move(t, id, record.Return, reviewer(f.first))
	listed(id, storage.ListReturned, "芙蓉奖 二")
	award.Name = "芙蓉奖 三"
	f.write(t, id, award)
	listed(id, storage.ListReturned, "芙蓉奖 二")
	f.submitByKey(t, id)
	listed(id, storage.ListUnderReview, "芙蓉奖 三")
	f.move(t, id, record.Approve, reviewer(f.first))
	listed(id, storage.ListInForce, "芙蓉奖 三")

	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, id, "改名"))
	award.Name = "芙蓉奖 四"
	f.write(t, id, award)
	listed(id, storage.ListInForce, "芙蓉奖 三")
	require.NoError(t, f.DropDraft(ctx, f.subject.ID, id))
	listed(id, storage.ListInForce, "芙蓉奖 三")
	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, id, "改名"))
	f.write(t, id, award)
	f.submitByKey(t, id)
	f.move(t, id, record.Return, reviewer(f.first))
	f.move(t, id, record.Discard, f.byKey())
	listed(id, storage.ListInForce, "芙蓉奖 三")
	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, id, "改名"))
	f.write(t, id, award)
	f.submitByKey(t, id)
	f.move(t, id, record.Approve, reviewer(f.first))
	listed(id, storage.ListInForce, "芙蓉奖 四")
	f.move(t, id, record.Void, f.byKey())
	listed(id, storage.ListVoided, "芙蓉奖 四")
	f.move(t, id, record.Restore, f.byKey())
	listed(id, storage.ListInForce, "芙蓉奖 四")
	reopened := f.order(id, record.Reopen, record.Actor{Role: record.Supervisor, ID: f.boss})
	require.True(t, f.run(t, reopened).Applied)
	listed(id, storage.ListUnderReview, "芙蓉奖 四")

	t.Run("a first filing that ends leaves its draft, and nothing when that is dropped", func(t *testing.T) {
		for _, end := range []func(id record.ID){
			func(id record.ID) { f.move(t, id, record.Discard, f.byKey()) },
			func(id record.ID) {
				_, err := f.app.NewRaw("UPDATE records SET filed_at = filed_at - interval '60 days', due_at = due_at - interval '60 days' WHERE id = ?", id).Exec(ctx)
				require.NoError(t, err)
				lapsed, err := f.Lapse(ctx, id)
				require.NoError(t, err)
				require.Equal(t, record.NothingFiled, lapsed.State.Filing)
			},
		} {
			id := f.begin(t, record.Award, sample.Award("潇湘杯", f.file(t)))
			f.submitByKey(t, id)
			f.move(t, id, record.Return, reviewer(f.first))
			end(id)
			listed(id, storage.ListDrafts, "潇湘杯")
			require.NoError(t, f.DropDraft(ctx, f.subject.ID, id))
			listed(id, "", "")
		}
		id := f.begin(t, record.Award, sample.Award("从未提交", f.file(t)))
		require.NoError(t, f.DropDraft(ctx, f.subject.ID, id))
		listed(id, "", "")
	})
	t.Run("S19 counts are those of the lists", func(t *testing.T) {
		tallies, err := f.Tallies(ctx, f.subject.ID, 30)
		require.NoError(t, err)
		tally := tallies[record.Award]
		require.Equal(t, len(f.lines(t, record.Award, "")), tally.Lines)
		require.Equal(t, len(f.lines(t, record.Award, storage.ListDrafts)), tally.Drafts)
		require.Equal(t, len(f.lines(t, record.Award, storage.ListReturned)), tally.Returned)
		submitted := map[record.ID]bool{} // one that is in force with a change under way is in both lists
		for _, state := range []storage.ListState{storage.ListInForce, storage.ListUnderReview} {
			for _, line := range f.lines(t, record.Award, state) {
				submitted[line.Record] = true
			}
		}
		require.Len(t, submitted, tally.Submitted)
		require.NotZero(t, tally.Submitted)
		require.Zero(t, tally.Expiring, "an award does not expire")
	})
}

func TestS20_WhatIsOverIsNotListedAsInForce(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	id := f.inForce(t, record.Qualification, f.document(t, record.Qualification, freshNumber()))
	require.Equal(t, storage.ListInForce, f.listedAs(t, record.Qualification, id))
	expiring := func(within int) int {
		tallies, err := f.Tallies(ctx, f.subject.ID, within)
		require.NoError(t, err)
		return tallies[record.Qualification].Expiring
	}
	require.Zero(t, expiring(30))
	require.Equal(t, 1, expiring(20000), "S19 what expires is counted")
	today := time.Now().In(record.Shanghai)
	for day, want := range map[string]storage.ListState{
		today.Format(time.DateOnly): storage.ListInForce, today.AddDate(0, 0, -1).Format(time.DateOnly): storage.ListExpired, "": storage.ListInForce,
	} {
		_, err := f.app.NewRaw("UPDATE listings SET expires_on = ? WHERE record = ?", day, id).Exec(ctx)
		require.NoError(t, err)
		require.Equal(t, want, f.listedAs(t, record.Qualification, id), day)
		require.Equal(t, want == storage.ListExpired, f.lines(t, record.Qualification, "")[0].Expired, day)
	}
	_, err := f.app.NewRaw("UPDATE listings SET expires_on = '2029-02-28' WHERE record = ?", id).Exec(ctx)
	require.NoError(t, err)
	f.verify(t)
}

func TestS09_AStrangersDraftsAreNotListed(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, err := d.StartDraft(ctx, d.account, d.subject, record.Award)
	require.NoError(t, err)
	f := &firm{desk: d}
	f.write(t, id, f.document(t, record.Award, freshNumber()))
	require.Len(t, f.lines(t, record.Award, ""), 1)
	_, err = d.TakeOver(ctx, d.subject.ID, "other hash", record.Actor{Role: record.Supervisor, ID: d.boss})
	require.NoError(t, err)
	require.Empty(t, f.lines(t, record.Award, ""))
	tallies, err := d.Tallies(ctx, d.subject.ID, 30)
	require.NoError(t, err)
	require.Zero(t, tallies[record.Award], "nor counted")
	d.verify(t)
}

func TestVerifyNamesAListThatDisagrees(t *testing.T) {
	f := newFirmOn(t, storagetest.Fresh(t), certificatetest.New(t, "", ""))
	ctx := t.Context()
	id := f.inForce(t, record.Award, f.document(t, record.Award, freshNumber()))
	f.verify(t)
	stranger := newDeskOn(t, &storagetest.Database{App: f.app, Owner: f.owner})
	for _, c := range []struct{ plant, heal, fault string }{
		{"UPDATE listings SET title = title || '改'", "UPDATE listings SET title = left(title, -1)", "the line of the list is not what the record holds"},
		{"UPDATE listings SET people = '{\\x00}'", "UPDATE listings SET people = '{}'", "the line of the list is not what the record holds"},
		{
			"UPDATE listings SET subject = '" + string(stranger.subject.ID) + "'", "UPDATE listings SET subject = '" + string(f.subject.ID) + "'",
			"the line stands in the list of another subject or kind",
		},
		{"UPDATE listings SET record = '" + string(stranger.profile) + "'", "UPDATE listings SET record = '" + string(id) + "'", "a list has a line of what it does not show"},
		{"DELETE FROM listings", "", "the record has no line in its list"},
	} {
		_, err := f.app.NewRaw(c.plant).Exec(ctx)
		require.NoError(t, err)
		found, err := f.Verify(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, found)
		require.Equal(t, "I13", found[0].Invariant)
		require.True(t, slices.ContainsFunc(found, func(d storage.Disagreement) bool { return d.Fault == c.fault }), "%s: %v", c.plant, found)
		if c.heal != "" {
			_, err = f.app.NewRaw(c.heal).Exec(ctx)
			require.NoError(t, err)
			f.verify(t)
		}
	}
}

// A draft is saved while its filing ends: whoever comes last sees what the other
// wrote.
func TestListsAgreeAfterASaveRacesAMove(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	for n := range 30 {
		award := sample.Award("潇湘杯", f.file(t))
		id := f.begin(t, record.Award, award)
		f.submitByKey(t, id)
		f.move(t, id, record.Return, reviewer(f.first))
		draft, err := f.Draft(ctx, f.subject.ID, id)
		require.NoError(t, err)
		award.Name = fmt.Sprintf("潇湘杯 %d", n)
		discard := f.order(id, record.Discard, f.byKey())
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := f.SaveDraft(ctx, f.subject.ID, id, draft.Version, award); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			_, err := f.Accept(ctx, discard)
			if _, err2 := f.Apply(ctx, id, nil); err != nil || err2 != nil {
				t.Error(err, err2)
			}
		})
		both.Wait()
		require.Contains(t, f.titles(t, record.Award), award.Name)
	}
	f.verify(t)
}

func (f *firm) titles(t testing.TB, kind record.Kind) []string {
	t.Helper()
	var all []string
	for _, line := range f.lines(t, kind, "") {
		all = append(all, line.Title)
	}
	return all
}
