package storage_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// task is a review as a test writes it into the table.
type task struct {
	kind     record.Kind
	region   string
	second   bool
	occasion string
	key      bool
	sampled  bool
	opened   time.Time
	due      time.Time
	decision record.Move // "" while it is open
	by       record.ID
	answered time.Time
}

// at reads an instant in Shanghai.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.ParseInLocation("2006-01-02 15:04", text, record.Shanghai)
	require.NoError(t, err)
	return instant
}

// keep writes reviews; each of them is of the desk's one record, but for open
// ones, of which a record has one: they are of records of their own.
func (d *desk) keep(t testing.TB, tasks ...task) {
	t.Helper()
	for _, one := range tasks {
		of, stage := d.profile, "first"
		if one.second {
			stage = "second"
		}
		var closed, closedBy, answered, assigned any
		if one.decision == "" {
			of, assigned = storage.NewID(), known(one.by)
			_, err := d.owner.NewRaw(`INSERT INTO records (id, subject, kind, standing, filing, revision, in_force, submitted, title)
				VALUES (?, ?, 'award', 'none', 'under_review', 1, 0, 1, '')`, of, d.subject.ID).Exec(t.Context())
			require.NoError(t, err)
		} else {
			closed, closedBy, answered = one.answered.Add(10*time.Second), known(one.by), one.answered
		}
		_, err := d.owner.NewRaw(`
			INSERT INTO review_tasks (id, record, subject, kind, version, stage, opened_at, due_at, closed_at, closed_by, decision, answered_at,
			                          region, occasion, key_change, sampled, assigned_to)
			VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			storage.NewID(), of, d.subject.ID, one.kind, stage, one.opened, one.due, closed, closedBy, one.decision, answered,
			one.region, one.occasion, one.key, one.sampled, assigned).Exec(t.Context())
		require.NoError(t, err)
	}
}

// known is an id as the database takes it: NULL for none.
func known(id record.ID) any {
	if id == "" {
		return nil
	}
	return id
}

// archive is a desk on a database of its own, which has nothing but its record.
func archive(t testing.TB) *desk {
	t.Helper()
	d := newDeskOn(t, storagetest.Fresh(t))
	require.True(t, d.submit(t).Applied)
	_, err := d.owner.NewRaw("DELETE FROM review_tasks").Exec(t.Context())
	require.NoError(t, err)
	return d
}

func line(lines []storage.FigureLine, key string) storage.Figures {
	for _, l := range lines {
		if l.Key == key {
			return l.Figures
		}
	}
	return storage.Figures{}
}

// TestB19_EveryMeasureOfASmallHistory writes a history of two days in which the
// National Day holiday lies, and what it comes to.
//
//	  filed             kind  region    deadline     decided           by      how
//	1 09-28 Mon 09:00   org   430104    09-30 23:59  09-28 Mon 09:10   first   approve                   0.1 h, 0 days
//	2 09-28 Mon 09:00   org   430211    09-30 23:59  09-30 Wed 16:00   first   return                   55.0 h, 2 days
//	3 09-29 Tue 10:00   qual  430104    10-08 23:59  10-09 Fri 10:06   second  approve, late, key      240.1 h, 3 days
//	4 10-09 Fri 10:06   qual  430104    10-12 23:59  10-09 Fri 12:06   first   confirm, key              2.0 h, 0 days
//	5 10-08 Thu 08:00   qual  110105    10-09 23:59  10-09 Fri 08:05   second  reject, sampled          24.0 h, 1 day
//	6 09-30 Wed 23:59   org   ''        10-09 23:59  10-08 Thu 00:01   first   approve after a return   168.0 h, 1 day
//	7 09-30 Wed 12:00   org   430104    10-08 23:59  10-08 Thu 12:00   —       withdrawn by the subject
//	8 10-08 Thu 09:00   org   429004    10-09 23:59  waits, held by second, overdue
//	9 today             award 430104    tomorrow     waits
func TestB19_EveryMeasureOfASmallHistory(t *testing.T) {
	d := archive(t)
	const org, qual, award = record.OrganizationProfile, record.Qualification, record.Award
	day := func(text string) time.Time { return at(t, "2026-"+text) }
	now := time.Now()
	d.keep(t,
		task{org, "430104", false, "first", false, false, day("09-28 09:00"), day("09-30 23:59"), record.Approve, d.first, day("09-28 09:10")},
		task{org, "430211", false, "change", false, false, day("09-28 09:00"), day("09-30 23:59"), record.Return, d.first, day("09-30 16:00")},
		task{qual, "430104", false, "change", true, false, day("09-29 10:00"), day("10-08 23:59"), record.Approve, d.second, day("10-09 10:06")},
		task{qual, "430104", true, "change", true, false, day("10-09 10:06"), day("10-12 23:59"), record.Confirm, d.first, day("10-09 12:06")},
		task{qual, "110105", true, "first", false, true, day("10-08 08:00"), day("10-09 23:59"), record.Reject, d.second, day("10-09 08:05")},
		task{org, "", false, "corrected", false, false, day("09-30 23:59"), day("10-09 23:59"), record.Approve, d.first, day("10-08 00:01")},
		task{org, "430104", false, "first", false, false, day("09-30 12:00"), day("10-08 23:59"), record.Withdraw, "", day("10-08 12:00")},
		task{org, "429004", false, "first", false, false, day("10-08 09:00"), day("10-09 23:59"), "", d.second, time.Time{}},
		task{award, "430104", false, "first", false, false, now.Add(-time.Minute), now.Add(24 * time.Hour), "", "", time.Time{}},
	)
	query := storage.StatisticsQuery{From: day("09-28 00:00"), To: day("10-09 00:00"), ByStaff: true}
	got, err := d.Statistics(t.Context(), query)
	require.NoError(t, err)

	require.Equal(t, storage.Figures{
		Received: 8, Approved: 3, Returned: 1, Confirmed: 1, Rejected: 1, Withdrawn: 1, Late: 1, Fresh: 3, Passed: 2, KeyChanges: 2, Sampled: 1,
		Waiting: 2, Overdue: 1, Hours: storage.Spread{Median: 24, P90: 240.1}, Days: storage.Spread{Median: 1, P90: 3},
	}, got.Total)
	require.Equal(t, 6, got.Total.Decided())
	require.Equal(t, []storage.FigureLine{
		{Key: "organization", Figures: storage.Figures{
			Received: 5, Approved: 2, Returned: 1, Withdrawn: 1, Fresh: 2, Passed: 1, Waiting: 1, Overdue: 1,
			Hours: storage.Spread{Median: 55, P90: 168}, Days: storage.Spread{Median: 1, P90: 2},
		}},
		{Key: "qualification", Figures: storage.Figures{
			Received: 3, Approved: 1, Confirmed: 1, Rejected: 1, Late: 1, Fresh: 1, Passed: 1, KeyChanges: 2, Sampled: 1,
			Hours: storage.Spread{Median: 24, P90: 240.1}, Days: storage.Spread{Median: 1, P90: 3},
		}},
		{Key: "award", Figures: storage.Figures{Waiting: 1}},
	}, got.ByKind)

	t.Run("a region is the city, of a municipality the whole, of a county run by its province the county", func(t *testing.T) {
		require.Equal(t, []string{"", "110000", "429004", "430100", "430200"}, keysOf(got.ByRegion))
		require.Equal(t, 1, line(got.ByRegion, "").Approved)
		require.Equal(t, 3, line(got.ByRegion, "430100").Decided())
		require.Equal(t, 1, line(got.ByRegion, "429004").Overdue)
		narrow := query
		narrow.Region = "430000"
		hunan, err := d.Statistics(t.Context(), narrow)
		require.NoError(t, err)
		require.Equal(t, []string{"430100", "430200"}, keysOf(hunan.ByRegion))
		require.Equal(t, 4, hunan.Total.Decided())
		require.Equal(t, got.Regions, hunan.Regions, "what can be chosen does not depend on what was")
		require.Equal(t, 3, line(hunan.ByStaff, string(d.first)).Decided(), "a reviewer's line is narrowed, too")
	})
	t.Run("each day has a line, and a decision stands on the day on which it was given", func(t *testing.T) {
		require.Len(t, got.ByDay, 12)
		require.Equal(t, storage.Figures{Received: 2, Approved: 1, Fresh: 1, Passed: 1}, line(got.ByDay, "2026-09-28"))
		require.Equal(t, storage.Figures{}, line(got.ByDay, "2026-10-03"))
		require.Equal(t, storage.Figures{Received: 2, Approved: 1, Withdrawn: 1}, line(got.ByDay, "2026-10-08"))
		require.Equal(t, 3, line(got.ByDay, "2026-10-09").Decided())
	})
	t.Run("a reviewer's line is what they decided and what they hold", func(t *testing.T) {
		require.Equal(t, storage.Figures{
			Approved: 2, Returned: 1, Confirmed: 1, Fresh: 2, Passed: 1, KeyChanges: 1,
			Hours: storage.Spread{Median: 2, P90: 168}, Days: storage.Spread{Median: 0, P90: 2},
		}, line(got.ByStaff, string(d.first)))
		require.Equal(t, storage.Figures{
			Approved: 1, Rejected: 1, Late: 1, Fresh: 1, Passed: 1, KeyChanges: 1, Sampled: 1, Waiting: 1, Overdue: 1,
			Hours: storage.Spread{Median: 24, P90: 240.1}, Days: storage.Spread{Median: 1, P90: 3},
		}, line(got.ByStaff, string(d.second)))
		require.Equal(t, string(d.first), got.ByStaff[0].Key, "who decided most stands first")
		require.Len(t, got.ByStaff, 3, "who may decide and did not has a line of nothing")
		own := query
		own.Staff, own.ByStaff = d.second, false
		mine, err := d.Statistics(t.Context(), own)
		require.NoError(t, err)
		require.Equal(t, line(got.ByStaff, string(d.second)), mine.Total)
		require.Empty(t, mine.ByStaff)
	})
	t.Run("a second line of the same day is the same in days that are kept", func(t *testing.T) {
		n, err := d.KeepReviewDays(t.Context())
		require.NoError(t, err)
		require.Equal(t, 5, n, "as many as something happened on")
		again, err := d.Statistics(t.Context(), query)
		require.NoError(t, err)
		again.At = got.At
		require.Equal(t, got, again)
		n, err = d.KeepReviewDays(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func keysOf(lines []storage.FigureLine) []string {
	keys := make([]string, len(lines))
	for i, l := range lines {
		keys[i] = l.Key
	}
	return keys
}

// TestB19_LinesOfATableSumUpToTheTotal counts chance histories a second way, and
// again from the days that were kept, and again after more became known of them.
func TestB19_LinesOfATableSumUpToTheTotal(t *testing.T) {
	d := archive(t)
	random := rand.New(rand.NewPCG(19, 2026))
	kinds := record.Kinds()
	regions := []string{"", "430104", "430105", "430211", "431202", "110105", "429004"}
	reviewers := []record.ID{d.first, d.second, d.boss}
	begin := at(t, "2026-01-01 00:00")
	draw := func() task {
		opened := begin.Add(time.Duration(random.IntN(60*24*60)) * time.Minute)
		one := task{
			kind: kinds[random.IntN(len(kinds))], region: regions[random.IntN(len(regions))], second: random.IntN(5) == 0,
			occasion: []string{"first", "change", "corrected", "reopened"}[random.IntN(4)], key: random.IntN(6) == 0, sampled: random.IntN(9) == 0,
			opened: opened, due: opened.Add(48 * time.Hour), by: reviewers[random.IntN(len(reviewers))],
			answered: opened.Add(time.Duration(random.IntN(5*24*60)) * time.Minute),
			decision: []record.Move{record.Approve, record.Return, record.Confirm, record.Reject, record.Withdraw}[random.IntN(5)],
		}
		if one.decision == record.Withdraw {
			one.by = ""
		}
		return one
	}
	var tasks []task
	grow := func(n int) {
		for range n {
			tasks = append(tasks, draw())
			d.keep(t, tasks[len(tasks)-1])
		}
	}
	compare := func() {
		for range 12 {
			from := random.IntN(50)
			q := storage.StatisticsQuery{
				From: begin.AddDate(0, 0, from), To: begin.AddDate(0, 0, from+random.IntN(20)), ByStaff: true,
				Kind: append(kinds, "", "", "")[random.IntN(len(kinds)+3)], Region: []string{"", "", "430000", "430100", "110000"}[random.IntN(5)],
				Staff: append(reviewers, "", "", "")[random.IntN(6)],
			}
			got, err := d.Statistics(t.Context(), q)
			require.NoError(t, err)
			want := counted(tasks, q)
			total := got.Total
			total.Hours, total.Days = storage.Spread{}, storage.Spread{}
			require.Equal(t, want, total, "%+v", q)
			for name, lines := range map[string][]storage.FigureLine{"kind": got.ByKind, "region": got.ByRegion, "day": got.ByDay} {
				require.Equal(t, want, sum(lines), "by %s: %+v", name, q)
			}
			staff := sum(got.ByStaff)
			want.Received, want.Withdrawn = 0, 0
			require.Equal(t, want, staff, "by staff: %+v", q)
		}
	}
	grow(300)
	compare()
	kept, err := d.KeepReviewDays(t.Context())
	require.NoError(t, err)
	require.Positive(t, kept)
	compare()
	grow(5)
	kept, err = d.KeepReviewDays(t.Context())
	require.NoError(t, err)
	require.LessOrEqual(t, kept, 10, "only days of which more is known are written anew")
	require.Positive(t, kept)
	compare()
}

// counted counts reviews the plain way.
func counted(tasks []task, q storage.StatisticsQuery) storage.Figures {
	var f storage.Figures
	within := func(t time.Time) bool {
		day := t.In(record.Shanghai).Format(time.DateOnly)
		return day >= q.From.Format(time.DateOnly) && day <= q.To.Format(time.DateOnly)
	}
	for _, one := range tasks {
		if q.Kind != "" && one.kind != q.Kind || q.Region != "" && !slices.Contains(map[string][]string{
			"430000": {"430104", "430105", "430211", "431202"}, "430100": {"430104", "430105"}, "110000": {"110105"},
		}[q.Region], one.region) {
			continue
		}
		if q.Staff == "" && within(one.opened) {
			f.Received++
		}
		if !within(one.answered) || q.Staff != "" && one.by != q.Staff {
			continue
		}
		switch one.decision {
		case record.Approve:
			f.Approved++
		case record.Return:
			f.Returned++
		case record.Confirm:
			f.Confirmed++
		case record.Reject:
			f.Rejected++
		default:
			f.Withdrawn++
			continue
		}
		if one.answered.After(one.due) {
			f.Late++
		}
		if !one.second && (one.occasion == "first" || one.occasion == "change") && (one.decision == record.Approve || one.decision == record.Return) {
			f.Fresh++
			if one.decision == record.Approve {
				f.Passed++
			}
		}
		if one.key {
			f.KeyChanges++
		}
		if one.sampled {
			f.Sampled++
		}
	}
	return f
}

func sum(lines []storage.FigureLine) storage.Figures {
	var f storage.Figures
	for _, l := range lines {
		f.Received += l.Figures.Received
		f.Approved += l.Figures.Approved
		f.Returned += l.Figures.Returned
		f.Confirmed += l.Figures.Confirmed
		f.Rejected += l.Figures.Rejected
		f.Withdrawn += l.Figures.Withdrawn
		f.Late += l.Figures.Late
		f.Fresh += l.Figures.Fresh
		f.Passed += l.Figures.Passed
		f.KeyChanges += l.Figures.KeyChanges
		f.Sampled += l.Figures.Sampled
		f.Waiting += l.Figures.Waiting
		f.Overdue += l.Figures.Overdue
	}
	return f
}

// TestB19_RealMovesAreCounted takes a filing through a return, an approval, a
// second review and a withdrawal, and counts after each step.
func TestB19_RealMovesAreCounted(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	today := storage.StatisticsQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Phrases: []string{"执照", "执照不清晰", "授权委托书"}}
	counts := func(want storage.Figures) storage.Statistics {
		t.Helper()
		got, err := d.Statistics(ctx, today)
		require.NoError(t, err)
		f := got.Total
		require.Equal(t, want, storage.Figures{
			Received: f.Received, Approved: f.Approved, Returned: f.Returned, Confirmed: f.Confirmed, Rejected: f.Rejected, Withdrawn: f.Withdrawn,
			Late: f.Late, Waiting: f.Waiting, Overdue: f.Overdue,
		})
		require.Equal(t, f.Waiting, f.Received-f.Decided()-f.Withdrawn, "what came in and is not done waits")
		return got
	}
	counts(storage.Figures{})
	d.submit(t)
	counts(storage.Figures{Received: 1, Waiting: 1})

	d.under(func(p *record.Policy) { p.UndoPeriod = time.Hour })
	undone := d.command(record.Approve, reviewer(d.first))
	_, err := d.Accept(ctx, undone)
	require.NoError(t, err)
	counts(storage.Figures{Received: 1, Waiting: 1})
	_, taken, err := d.Undo(ctx, d.first, undone.ID)
	require.NoError(t, err)
	require.True(t, taken)
	d.under(func(p *record.Policy) { p.UndoPeriod = 0 })
	_, err = d.Apply(ctx, d.profile, nil)
	require.NoError(t, err)
	counts(storage.Figures{Received: 1, Waiting: 1})

	back := d.command(record.Return, reviewer(d.first))
	back.Kind, back.Reason = record.OrganizationProfile, "执照不清晰，请重新上传"
	back.Remarks = []record.Remark{{Field: "licence", Text: "授权委托书也缺章"}, {Field: "lines.3.grade", Text: "等级有误"}}
	require.True(t, d.do(t, back).Applied)
	got := counts(storage.Figures{Received: 1, Returned: 1})
	require.Equal(t, []storage.FieldReason{
		{Kind: record.OrganizationProfile, Field: "licence", Count: 1}, {Kind: record.OrganizationProfile, Field: "lines.grade", Count: 1},
	}, got.Fields)
	require.Equal(t, []storage.PhraseReason{{Phrase: "执照不清晰", Count: 1}}, got.Phrases, "the longer phrase counts, and remarks are no opinions")

	d.submit(t)
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	require.NoError(t, d.StartChange(ctx, d.account, d.subject.ID, d.profile, "更名"))
	d.document.LegalName, d.document.Account.Name = "示范新名有限公司", "示范新名有限公司"
	d.save(t)
	d.submit(t)
	require.Equal(t, record.SecondReview, d.do(t, d.command(record.Approve, reviewer(d.first))).State.Filing)
	counts(storage.Figures{Received: 4, Returned: 1, Approved: 2, Waiting: 1})
	confirmer := record.Actor{Role: record.Confirmer, ID: d.second}
	reject := d.command(record.Reject, confirmer)
	reject.Reason = "请核对账户名称"
	require.True(t, d.do(t, reject).Applied)
	_, err = d.owner.NewRaw("UPDATE review_tasks SET due_at = opened_at - interval '1 minute' WHERE closed_at IS NULL").Exec(ctx)
	require.NoError(t, err)
	counts(storage.Figures{Received: 5, Returned: 1, Approved: 2, Rejected: 1, Waiting: 1, Overdue: 1})
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	require.True(t, d.do(t, d.command(record.Confirm, confirmer)).Applied)
	counts(storage.Figures{Received: 6, Returned: 1, Approved: 3, Rejected: 1, Confirmed: 1, Late: 1})

	require.NoError(t, d.StartChange(ctx, d.account, d.subject.ID, d.profile, "迁址"))
	d.document.Address = "新址 9 号"
	d.save(t)
	d.submit(t)
	require.True(t, d.do(t, d.command(record.Withdraw, d.applicant())).Applied)
	counts(storage.Figures{Received: 7, Returned: 1, Approved: 3, Rejected: 1, Confirmed: 1, Withdrawn: 1, Late: 1})

	desk, err := d.DeskToday(ctx, d.first)
	require.NoError(t, err)
	require.Equal(t, storage.DeskToday{Mine: 4, Team: 6}, desk)
	d.verify(t)
}

func TestB19_WorkingDaysAreThoseOfDeadlines(t *testing.T) {
	d := archive(t)
	calendar := record.DefaultCalendar()
	var tasks []task
	for i := range 40 {
		opened := at(t, "2026-09-15 10:00").AddDate(0, 0, i)
		tasks = append(tasks, task{
			kind: record.Award, opened: opened, due: opened, decision: record.Approve, by: d.first, occasion: "first",
			answered: calendar.AddWorkingDays(opened, 3).Add(-time.Hour),
		})
	}
	d.keep(t, tasks...)
	got, err := d.Statistics(t.Context(), storage.StatisticsQuery{From: at(t, "2026-09-01 00:00"), To: at(t, "2026-11-30 00:00")})
	require.NoError(t, err)
	require.Equal(t, 40, got.Total.Approved)
	require.Equal(t, storage.Spread{Median: 3, P90: 3}, got.Total.Days, "whatever was decided on the last day of three took three")
}
