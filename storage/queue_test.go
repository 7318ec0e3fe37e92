package storage_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/dialect/pgdialect"
	"pgregory.net/rapid"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// waiting is a task as a test lays it into the queue.
type waiting struct {
	id        record.ID
	kind      record.Kind
	region    string
	occasion  storage.Occasion
	assurance record.Assurance
	second    bool
	key       bool
	due       time.Duration // from the test's beginning
	name      string
	claimed   record.ID // holds it for an hour
	lapsed    record.ID // held it until an hour ago
	assigned  record.ID
	decided   record.ID
}

// lobby is a queue that belongs to one test alone.
type lobby struct {
	*desk
	began time.Time
	tasks []waiting
}

func newLobby(t testing.TB) *lobby {
	t.Helper()
	return &lobby{desk: newDeskOn(t, storagetest.Fresh(t)), began: time.Now()}
}

// lay puts tasks into the queue, each of a record of its own.
func (l *lobby) lay(t testing.TB, tasks ...waiting) {
	t.Helper()
	id := func(id record.ID) any {
		if id == "" {
			return nil
		}
		return id
	}
	for i := range tasks {
		w := &tasks[i]
		w.id = storage.NewID()
		own, stage := storage.NewID(), "first"
		if w.second {
			stage = "second"
		}
		var claimant record.ID
		until := l.began.Add(time.Hour)
		if claimant = w.claimed; w.lapsed != "" {
			claimant, until = w.lapsed, l.began.Add(-time.Hour)
		}
		_, err := l.owner.NewRaw(`INSERT INTO records (id, subject, kind, standing, filing, title, revision, in_force, submitted) VALUES (?, ?, ?, 'none', 'under_review', ?, 1, 0, 1)`,
			own, l.subject.ID, record.Award, w.name).Exec(t.Context())
		require.NoError(t, err)
		_, err = l.owner.NewRaw(`
			INSERT INTO review_tasks (id, record, subject, kind, version, stage, opened_at, due_at, name, title, region, occasion, key_change, assurance, find,
				claimed_by, claimed_until, assigned_to, decided_by, decided_with)
			VALUES (?0, ?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11, ?12, ?13, CASE WHEN ?13 IS NULL THEN NULL ELSE ?14::timestamptz END, ?15, ?16, ?16)`,
			w.id, own, l.subject.ID, w.kind, stage, l.began.Add(-time.Hour), l.began.Add(w.due), w.name, w.region, w.occasion, w.key, w.assurance,
			pgdialect.Array(pieces(w.name)), id(claimant), until, id(w.assigned), id(w.decided)).Exec(t.Context())
		require.NoError(t, err)
	}
	l.tasks = append(l.tasks, tasks...)
}

// scope changes what a member may work on.
func (l *lobby) scope(t require.TestingT, staff record.ID, s record.Scope) {
	_, err := l.owner.NewRaw("UPDATE staff SET role = ?, regions = ?, kinds = ? WHERE id = ?", s.Role, pgdialect.Array(s.Regions), pgdialect.Array(s.Kinds), staff).
		Exec(context.Background())
	require.NoError(t, err)
}

// walk reads the whole list by its pages.
func (l *lobby) walk(t require.TestingT, staff record.ID, f storage.QueueFilter, limit int) []record.ID {
	var all []record.ID
	for after := ""; ; {
		page, err := l.Queue(context.Background(), staff, storage.QueueQuery{Filter: f, After: after, Limit: limit})
		require.NoError(t, err)
		all = append(all, taskIDs(page.Tasks)...)
		if after = page.Next; after == "" {
			return all
		}
		require.Len(t, page.Tasks, limit, "a page with one behind it is full")
	}
}

func taskIDs(tasks []storage.ReviewTask) []record.ID {
	var ids []record.ID
	for _, task := range tasks {
		ids = append(ids, task.ID)
	}
	return ids
}

// wants is the filter told anew, task by task.
func (w waiting) wants(staff record.ID, s record.Scope, f storage.QueueFilter) bool {
	filing := record.UnderReview
	if w.second {
		filing = record.SecondReview
	}
	holder := w.claimed
	if holder == "" {
		holder = w.assigned
	}
	if !s.Covers(w.kind, w.region, filing) || w.decided != "" && (f.State != storage.QueueMine || holder != staff) {
		return false
	}
	states := map[storage.QueueState]bool{
		storage.QueueAll: true, storage.QueueFree: holder == "", storage.QueueMine: holder == staff,
		storage.QueueSecond: w.second, storage.QueueOverdue: w.due < 0,
	}
	return states[f.State] && (f.Kind == "" || f.Kind == w.kind) && strings.HasPrefix(w.region, f.Region) &&
		(f.Occasion == "" || f.Occasion == w.occasion) && (!f.KeyChange || w.key) && (f.Assurance == "" || f.Assurance == w.assurance) &&
		strings.Contains(strings.ToLower(w.name), strings.ToLower(f.Text))
}

func (l *lobby) expected(staff record.ID, s record.Scope, f storage.QueueFilter) []record.ID {
	var ids []record.ID
	for _, w := range l.tasks {
		if w.wants(staff, s, f) {
			ids = append(ids, w.id)
		}
	}
	return ids
}

var (
	queueKinds     = []record.Kind{record.OrganizationProfile, record.Qualification, record.Award}
	queueRegions   = []string{"", "430102", "430104", "430200", "430000", "110101"}
	queueOccasions = []storage.Occasion{storage.FirstFiling, storage.Changed, storage.Corrected, storage.Reopened}
	queueNames     = []string{"示范建工集团有限公司", "远山水利工程有限公司", "示范工建有限公司", "ABC（长沙）咨询有限公司"}
)

// sampled lays tasks of every sort.
func (l *lobby) sampled(t testing.TB, n int) {
	t.Helper()
	draw := func(n, of int) int { return (n*7919 + n/of*31) % of }
	var tasks []waiting
	for i := range n {
		w := waiting{
			kind: queueKinds[draw(i, 3)], region: queueRegions[draw(i+1, 6)], occasion: queueOccasions[draw(i+2, 4)],
			assurance: []record.Assurance{record.ByPassword, record.ByCertificate}[draw(i+3, 2)], second: i%5 == 0, key: i%7 == 0,
			due: time.Duration(i-n/3) * time.Hour, name: queueNames[draw(i+5, 4)],
		}
		w.due += 30 * time.Minute
		switch i % 11 {
		case 1:
			w.claimed = l.first
		case 2:
			w.claimed = l.second
		case 3:
			w.assigned = l.first
		case 4:
			w.assigned = l.boss
		case 5:
			w.lapsed = l.second
		case 6:
			w.claimed, w.decided = l.first, l.first
		case 7:
			w.claimed, w.assigned = l.first, l.first
		}
		tasks = append(tasks, w)
	}
	l.lay(t, tasks...)
}

// TestB01_ListsAndCountsOfTheQueueAgree draws filters and scopes: the list, read
// in pages of any size, is what the filter says, and its length what is counted.
func TestB01_ListsAndCountsOfTheQueueAgree(t *testing.T) {
	l := newLobby(t)
	l.sampled(t, 120)
	rapid.Check(t, func(t *rapid.T) {
		staff := rapid.SampledFrom([]record.ID{l.first, l.second, l.boss}).Draw(t, "staff")
		scope := record.Scope{
			Role:    rapid.SampledFrom(record.StaffRoles()).Draw(t, "role"),
			Regions: rapid.SampledFrom([][]string{{}, {"43"}, {"4301", "11"}, {"430102"}}).Draw(t, "regions"),
			Kinds:   rapid.SampledFrom([][]record.Kind{{}, {record.Award}, {record.Award, record.Qualification}}).Draw(t, "kinds"),
		}
		l.scope(t, staff, scope)
		f := storage.QueueFilter{
			State:     rapid.SampledFrom(storage.QueueStates()).Draw(t, "state"),
			Kind:      rapid.SampledFrom(append(queueKinds, "", "", "")).Draw(t, "kind"),
			Region:    rapid.SampledFrom([]string{"", "", "", "43", "4301", "430102", "99"}).Draw(t, "region"),
			Occasion:  rapid.SampledFrom(append(queueOccasions, "", "", "")).Draw(t, "occasion"),
			KeyChange: rapid.SampledFrom([]bool{false, false, true}).Draw(t, "key"),
			Assurance: rapid.SampledFrom([]record.Assurance{"", "", record.ByPassword, record.ByCertificate}).Draw(t, "assurance"),
			Text:      rapid.SampledFrom([]string{"", "", "", "示范", "建工", "工程有限", "abc（长沙）", "公", "没有"}).Draw(t, "text"),
		}
		want := l.expected(staff, scope, f)
		got := l.walk(t, staff, f, rapid.IntRange(1, 40).Draw(t, "limit"))
		require.Equal(t, want, got)

		counts, err := l.QueueCounts(context.Background(), staff, f)
		require.NoError(t, err)
		require.False(t, counts.AtLeast)
		for _, state := range storage.QueueStates() {
			in := f
			in.State = state
			require.Len(t, l.expected(staff, scope, in), counts.States[state], "state %q", state)
		}
		if counts.Kinds == nil {
			require.True(t, f.Text != "" || f.State == storage.QueueMine)
			return
		}
		for _, kind := range queueKinds {
			in := f
			in.Kind = kind
			require.Len(t, l.expected(staff, scope, in), counts.Kinds[kind], "kind %q", kind)
		}
		for _, occasion := range queueOccasions {
			in := f
			in.Occasion = occasion
			require.Len(t, l.expected(staff, scope, in), counts.Occasions[occasion], "occasion %q", occasion)
		}
		for _, region := range counts.Regions {
			in := f
			in.Region = region.Digits
			require.Len(t, l.expected(staff, scope, in), region.Count, "region %q", region.Digits)
		}
	})
}

// TestB01_LongQueuesAreCountedOnTheSide: nobody waits for counts of a long queue
// but the first who asks, and they follow.
func TestB01_LongQueuesAreCountedOnTheSide(t *testing.T) {
	l := newLobby(t)
	lay := func(from, to int) {
		t.Helper()
		_, err := l.owner.NewRaw(`
			WITH r AS (
				INSERT INTO records (id, subject, kind, standing, filing, revision, in_force, submitted, title)
				SELECT gen_random_uuid(), ?, 'award', 'none', 'under_review', 1, 0, 1, '件' FROM generate_series(?::int, ?::int - 1) RETURNING id, subject)
			INSERT INTO review_tasks (id, record, subject, kind, version, stage, opened_at, due_at, name, title, find)
			SELECT gen_random_uuid(), id, subject, 'award', 1, 'first', now(), now(), '件', '件', '{件}' FROM r`, l.subject.ID, from, to).Exec(t.Context())
		require.NoError(t, err)
	}
	counted := func(f storage.QueueFilter) storage.QueueCounts {
		t.Helper()
		counts, err := l.QueueCounts(t.Context(), l.first, f)
		require.NoError(t, err)
		return counts
	}
	lay(0, 5100)
	require.Equal(t, 5100, counted(storage.QueueFilter{}).States[storage.QueueAll])
	lay(5100, 5200)
	require.Eventually(t, func() bool {
		n := counted(storage.QueueFilter{}).States[storage.QueueAll]
		require.Contains(t, []int{5100, 5200}, n)
		return n == 5200
	}, time.Minute, 20*time.Millisecond)
	_, err := l.ClaimNext(t.Context(), l.first, storage.QueueFilter{}, "")
	require.NoError(t, err)
	require.Equal(t, 1, counted(storage.QueueFilter{}).States[storage.QueueMine], "what is one's own is told at once")
	found := counted(storage.QueueFilter{Text: "件"})
	require.True(t, found.AtLeast)
	require.Equal(t, storage.CountedMatches, found.States[storage.QueueAll])
}

// TestB01_PagesOfTheQueueStandWhileRowsVanish turns pages forth and back while
// colleagues decide.
func TestB01_PagesOfTheQueueStandWhileRowsVanish(t *testing.T) {
	l := newLobby(t)
	var tasks []waiting
	for i := range 12 {
		tasks = append(tasks, waiting{kind: record.Award, occasion: storage.FirstFiling, due: time.Duration(i) * time.Hour, name: fmt.Sprintf("第%d件", i)})
	}
	l.lay(t, tasks...)
	ids := l.expected(l.first, record.Scope{Role: record.Reviewer}, storage.QueueFilter{})
	vanish := func(ids ...record.ID) {
		t.Helper()
		for _, id := range ids {
			_, err := l.owner.NewRaw("UPDATE review_tasks SET closed_at = clock_timestamp() WHERE id = ?", id).Exec(t.Context())
			require.NoError(t, err)
		}
	}
	page := func(q storage.QueueQuery) storage.QueuePage {
		t.Helper()
		q.Limit = 4
		got, err := l.Queue(t.Context(), l.first, q)
		require.NoError(t, err)
		return got
	}
	one := page(storage.QueueQuery{})
	require.Equal(t, ids[:4], taskIDs(one.Tasks))
	require.Empty(t, one.Previous)
	vanish(ids[1], ids[3]) // the row of the cursor among them
	two := page(storage.QueueQuery{After: one.Next})
	require.Equal(t, ids[4:8], taskIDs(two.Tasks), "nothing is passed over")
	back := page(storage.QueueQuery{Before: two.Previous})
	require.Equal(t, []record.ID{ids[0], ids[2], ids[4], ids[5]}, taskIDs(back.Tasks), "the first page is a full one")
	require.Empty(t, back.Previous)
	three := page(storage.QueueQuery{After: two.Next})
	require.Equal(t, ids[8:], taskIDs(three.Tasks))
	require.Empty(t, three.Next)
	vanish(ids[8:]...)
	last := page(storage.QueueQuery{After: two.Next})
	require.Equal(t, []record.ID{ids[2], ids[4], ids[5], ids[6]}, taskIDs(last.Tasks), "what followed is gone: what is left in front")
	require.NotEmpty(t, last.Previous)
	require.Equal(t, ids[7:8], taskIDs(page(storage.QueueQuery{After: last.Next}).Tasks))
	vanish(ids...)
	require.Equal(t, storage.QueuePage{}, page(storage.QueueQuery{After: two.Next}))
	require.Equal(t, storage.QueuePage{}, page(storage.QueueQuery{After: "nonsense", Before: "%%"}))
}

// TestB01_TheQueueIsSearched finds by parts of names, by titles, by codes and by
// whole document numbers.
func TestB01_TheQueueIsSearched(t *testing.T) {
	l := newLobby(t)
	require.True(t, l.submit(t).Applied)
	number := sample.ResidentID(4711)
	registered, err := l.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Person, IDType: codes.IDDocumentResident, Code: number, Name: "谭𬀩安", Password: "hash",
	})
	require.NoError(t, err)
	_, err = l.owner.NewRaw(`
		WITH r AS (INSERT INTO records (id, subject, kind, standing, filing, title, revision, in_force, submitted) VALUES (?0, ?1, 'person', 'none', 'under_review', '谭𬀩安', 1, 0, 1) RETURNING id)
		INSERT INTO review_tasks (id, record, subject, kind, version, stage, opened_at, due_at, name, title, find)
		SELECT ?0, id, ?1, 'person', 1, 'first', now(), now(), '谭𬀩安', '谭𬀩安', ?2 FROM r`,
		storage.NewID(), registered.Subject.ID, pgdialect.Array(pieces("谭𬀩安"))).Exec(t.Context())
	require.NoError(t, err)
	for text, want := range map[string]int{
		"示范建工": 1, "建工第": 1, "工": 1, l.subject.Code: 1, strings.ToLower(l.subject.Code): 1, l.subject.Code[2:8]: 1,
		"示范 有限公司": 1, "有限公司　建工": 1, "建工示范": 0, "工示": 0, "𬀩": 1, "谭𬀩": 1, number: 1, number[:10]: 0, "%": 0, "（": 0, "_": 0, " ": 2,
	} {
		require.Len(t, l.walk(t, l.first, storage.QueueFilter{Text: text}, 10), want, "%q", text)
	}
	page, err := l.Queue(t.Context(), l.first, storage.QueueQuery{Filter: storage.QueueFilter{Text: "建工"}, Limit: 10})
	require.NoError(t, err)
	require.Equal(t, l.subject.Name, page.Tasks[0].Name)
	require.Equal(t, record.ByPassword, page.Tasks[0].Assurance)
}

// TestT19_TwoReviewersWhoTakeTheNextGetDifferentFilings lets pairs press at the
// same moment.
func TestT19_TwoReviewersWhoTakeTheNextGetDifferentFilings(t *testing.T) {
	const pairs = 200
	l := newLobby(t)
	var tasks []waiting
	for i := range 2*pairs + 5 {
		tasks = append(tasks, waiting{kind: record.Award, occasion: storage.FirstFiling, due: time.Duration(i) * time.Minute, name: "件"})
	}
	l.lay(t, tasks...)
	taken := map[record.ID]record.ID{}
	for range pairs {
		var both sync.WaitGroup
		got, faults := make([]record.ID, 2), make([]error, 2)
		for i, staff := range []record.ID{l.first, l.second} {
			both.Go(func() { got[i], faults[i] = l.ClaimNext(t.Context(), staff, storage.QueueFilter{}, "") })
		}
		both.Wait()
		for i, staff := range []record.ID{l.first, l.second} {
			require.NoError(t, faults[i])
			require.NotEmpty(t, got[i])
			require.Empty(t, taken[got[i]], "nobody gets what was taken")
			taken[got[i]] = staff
		}
	}
	for id, staff := range taken {
		claimed, err := l.RenewClaim(t.Context(), staff, id)
		require.NoError(t, err)
		require.True(t, claimed, "who was told holds it")
	}
}

// TestB01_TheNextIsOneThatTheMemberMayDecide goes through all that is passed
// over.
func TestB01_TheNextIsOneThatTheMemberMayDecide(t *testing.T) {
	l := newLobby(t)
	at := func(hours int, change func(*waiting)) waiting {
		w := waiting{kind: record.Award, occasion: storage.FirstFiling, due: time.Duration(hours) * time.Hour, name: fmt.Sprintf("第%d件", hours)}
		change(&w)
		return w
	}
	l.lay(t,
		at(1, func(w *waiting) { w.claimed = l.second }),
		at(2, func(w *waiting) { w.assigned = l.boss }),
		at(3, func(w *waiting) { w.claimed, w.decided = l.first, l.first }),
		at(4, func(w *waiting) { w.second = true }),
		at(5, func(w *waiting) { w.kind, w.region = record.Qualification, "110101" }),
		at(6, func(w *waiting) { w.claimed = l.first }),
		at(7, func(w *waiting) { w.lapsed = l.second }),
		at(8, func(w *waiting) { w.assigned = l.first }),
		at(9, func(*waiting) {}),
	)
	_, err := l.owner.NewRaw("UPDATE staff SET kinds = '{award}' WHERE id = ?", l.first).Exec(t.Context())
	require.NoError(t, err)
	next := func(staff record.ID, f storage.QueueFilter, after string) string {
		t.Helper()
		id, err := l.ClaimNext(t.Context(), staff, f, after)
		require.NoError(t, err)
		if id == "" {
			return ""
		}
		return l.tasks[slices.IndexFunc(l.tasks, func(w waiting) bool { return w.id == id })].name
	}
	cursor := func(n int) string {
		return storage.ReviewTask{ID: l.tasks[n].id, DueAt: l.began.Add(l.tasks[n].due)}.Cursor()
	}
	require.Equal(t, "第7件", next(l.first, storage.QueueFilter{}, ""), "what is not theirs yet comes first")
	require.Equal(t, "第8件", next(l.first, storage.QueueFilter{}, cursor(6)), "then by the order of the queue")
	require.Equal(t, "第9件", next(l.first, storage.QueueFilter{}, cursor(7)))
	require.Equal(t, "第6件", next(l.first, storage.QueueFilter{}, cursor(8)), "and around")
	require.Equal(t, "第6件", next(l.first, storage.QueueFilter{}, ""), "what they hold when there is nothing else")
	require.Equal(t, "第7件", next(l.first, storage.QueueFilter{State: storage.QueueMine}, cursor(5)))
	require.Empty(t, next(l.first, storage.QueueFilter{Kind: record.Qualification}, ""))
	require.Equal(t, "第4件", next(l.boss, storage.QueueFilter{State: storage.QueueSecond}, ""))

	t.Run("B05 not after their own first approval, W19 not where they appear", func(t *testing.T) {
		_, err := l.owner.NewRaw(`INSERT INTO review_tasks (id, record, subject, kind, version, stage, opened_at, due_at, closed_at, closed_by, decision)
			SELECT ?, record, subject, kind, version, 'first', opened_at, due_at, now(), ?, 'approve' FROM review_tasks WHERE id = ?`,
			storage.NewID(), l.second, l.tasks[3].id).Exec(t.Context())
		require.NoError(t, err)
		_, err = l.ReleaseClaim(t.Context(), l.boss, l.tasks[3].id)
		require.NoError(t, err)
		require.Empty(t, next(l.second, storage.QueueFilter{State: storage.QueueSecond}, ""))
		require.True(t, l.submit(t).Applied)
		own := storage.QueueFilter{Kind: record.OrganizationProfile}
		_, err = l.owner.NewRaw("UPDATE staff SET identity_index = (SELECT people[1] FROM versions WHERE record = ?) WHERE id = ?", l.profile, l.second).Exec(t.Context())
		require.NoError(t, err)
		require.Len(t, l.walk(t, l.second, own, 10), 1, "it is listed")
		require.Empty(t, next(l.second, own, ""))
		id, err := l.ClaimNext(t.Context(), l.boss, own, "")
		require.NoError(t, err)
		require.NotEmpty(t, id)
	})
	t.Run("B18 who is disabled gets nothing", func(t *testing.T) {
		require.NoError(t, l.DisableStaff(t.Context(), record.Actor{Role: record.Supervisor}, l.second))
		id, err := l.ClaimNext(t.Context(), l.second, storage.QueueFilter{}, "")
		require.NoError(t, err)
		require.Empty(t, id)
		require.Empty(t, l.walk(t, l.second, storage.QueueFilter{}, 10))
	})
}

// TestB01_TheQueueAroundATask is what stands beside the desk.
func TestB01_TheQueueAroundATask(t *testing.T) {
	l := newLobby(t)
	var tasks []waiting
	for i := range 40 {
		tasks = append(tasks, waiting{kind: record.Award, occasion: storage.FirstFiling, due: time.Duration(i) * time.Hour, name: fmt.Sprintf("第%d件", i)})
	}
	tasks[19].claimed, tasks[21].claimed = l.second, l.first
	l.lay(t, tasks...)
	around := func(n, limit int) storage.Neighbourhood {
		t.Helper()
		found, err := l.ReviewTasks(t.Context(), []record.ID{l.tasks[n].id})
		require.NoError(t, err)
		got, err := l.Around(t.Context(), l.first, storage.QueueFilter{}, found[l.tasks[n].id], limit)
		require.NoError(t, err)
		return got
	}
	middle := around(20, 9)
	require.Equal(t, []string{"第16件", "第17件", "第18件", "第20件", "第21件", "第22件", "第23件", "第24件", "第25件"}, names(middle.Tasks))
	require.Equal(t, l.tasks[18].id, middle.Previous, "what another holds is passed over")
	require.Equal(t, l.tasks[21].id, middle.Next)
	require.Equal(t, 39, middle.Total)
	first := around(0, 9)
	require.Empty(t, first.Previous)
	require.Len(t, first.Tasks, 9)
	last := around(39, 9)
	require.Empty(t, last.Next)
	require.Equal(t, "第39件", names(last.Tasks)[8])
	require.Len(t, last.Tasks, 9)
}

func names(tasks []storage.ReviewTask) []string {
	var all []string
	for _, task := range tasks {
		all = append(all, task.Name)
	}
	return all
}

func TestB01_FiltersAreSavedForOneself(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	require.NoError(t, d.SaveFilter(ctx, d.first, " 长沙资质 ", "kind=qualification&region=4301"))
	require.NoError(t, d.SaveFilter(ctx, d.first, "超时", "state=overdue"))
	require.NoError(t, d.SaveFilter(ctx, d.first, "长沙资质", "region=4301"))
	require.NoError(t, d.SaveFilter(ctx, d.second, "超时", "state=mine"))
	mine, err := d.SavedFilters(ctx, d.first)
	require.NoError(t, err)
	require.Len(t, mine, 2)
	require.Equal(t, "长沙资质", mine[0].Name)
	require.Equal(t, "region=4301", mine[0].Query, "the name's latest")
	require.Equal(t, record.NotFound, record.CodeOf(d.DeleteFilter(ctx, d.second, mine[0].ID)))
	require.NoError(t, d.DeleteFilter(ctx, d.first, mine[0].ID))
	require.Equal(t, record.NotFound, record.CodeOf(d.DeleteFilter(ctx, d.first, mine[0].ID)))
	for _, name := range []string{"", "  ", strings.Repeat("长", storage.MaxFilterName+1)} {
		require.Equal(t, record.Invalid, record.CodeOf(d.SaveFilter(ctx, d.first, name, "")), "%q", name)
	}
	for n := range storage.MaxSavedFilters {
		require.NoError(t, d.SaveFilter(ctx, d.boss, fmt.Sprint(n), ""))
	}
	require.Equal(t, record.Invalid, record.CodeOf(d.SaveFilter(ctx, d.boss, "再一个", "")))
	require.NoError(t, d.SaveFilter(ctx, d.boss, "3", "state=mine"), "one that is there may change")
}

// TestB01_ABatchGoesOnWhereItStopped keeps what was noted once.
func TestB01_ABatchGoesOnWhereItStopped(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	require.True(t, d.submit(t).Applied)
	task, err := d.ReviewOf(ctx, d.profile)
	require.NoError(t, err)
	id := storage.NewID()
	done, err := d.OpenBatch(ctx, d.first, id, storage.BatchClaim)
	require.NoError(t, err)
	require.Empty(t, done)
	require.NoError(t, d.NoteBatch(ctx, id, task, 1, "", "由他人办理"))
	require.NoError(t, d.NoteBatch(ctx, id, task, 1, "", "另一句话"))
	done, err = d.OpenBatch(ctx, d.first, id, storage.BatchClaim)
	require.NoError(t, err)
	require.True(t, done[task])
	for _, by := range []struct {
		staff  record.ID
		action storage.BatchAction
	}{{d.second, storage.BatchClaim}, {d.first, storage.BatchApprove}} {
		_, err = d.OpenBatch(ctx, by.staff, id, by.action)
		require.Equal(t, record.AlreadyDone, record.CodeOf(err))
	}
	batch, err := d.Batch(ctx, d.first, id)
	require.NoError(t, err)
	require.Equal(t, "由他人办理", batch.Lines[0].Problem)
	require.Equal(t, d.subject.Name, batch.Lines[0].Task.Name)
	_, err = d.Batch(ctx, d.second, id)
	require.Equal(t, record.NotFound, record.CodeOf(err))
}

func TestB01_WorkIsHandedToWhoIsThereAndCoversIt(t *testing.T) {
	l := newLobby(t)
	l.lay(t, waiting{kind: record.Award, region: "430102", occasion: storage.FirstFiling, name: "件", second: true, assigned: l.second})
	found, err := l.ReviewTasks(t.Context(), []record.ID{l.tasks[0].id})
	require.NoError(t, err)
	task := found[l.tasks[0].id]
	who := func(task *storage.ReviewTask) map[record.ID]int {
		t.Helper()
		all, err := l.Takers(t.Context(), task)
		require.NoError(t, err)
		held := map[record.ID]int{}
		for _, c := range all {
			held[c.ID] = c.Held
		}
		return held
	}
	require.Equal(t, map[record.ID]int{l.first: 0, l.second: 1, l.boss: 0}, who(nil))
	require.Equal(t, map[record.ID]int{l.second: 1, l.boss: 0}, who(&task), "a 审核员 confirms nothing")
	l.scope(t, l.second, record.Scope{Role: record.Confirmer, Regions: []string{"4302"}, Kinds: []record.Kind{}})
	require.Equal(t, map[record.ID]int{l.boss: 0}, who(&task))
	_, err = l.owner.NewRaw("UPDATE staff SET absent_since = now() WHERE id = ?", l.boss).Exec(t.Context())
	require.NoError(t, err)
	require.Empty(t, who(&task))
}

// pieces are the characters and pairs by which a name is found.
func pieces(name string) []string {
	var all []string
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("（） ", r) }) {
		characters := []rune(word)
		for i, r := range characters {
			all = append(all, string(r))
			if i > 0 {
				all = append(all, string(characters[i-1:i+1]))
			}
		}
	}
	return all
}
