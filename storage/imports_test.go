package storage_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// people are rows of practitioners, whose numbers begin at the nth.
func people(n, rows int) []record.IntakeRow {
	all := make([]record.IntakeRow, 0, rows)
	for i := range rows {
		number, name := sample.ResidentID(n+i), fmt.Sprintf("周予安%d", i)
		d := sample.Practitioner(number, name, form.File{})
		d.Card, d.Employment, d.TitleProof, d.Registrations, d.Awards, d.Safety = nil, nil, nil, nil, nil, nil
		all = append(all, record.IntakeRow{Line: i + 3, Cells: map[string]string{"name": name, "id_number": number}, Document: d})
	}
	return all
}

func faulty(row record.IntakeRow) record.IntakeRow {
	row.Problems = []form.Problem{{Field: "mobile", Label: "手机", Message: "请填写 11 位手机号码"}}
	return row
}

func (d *desk) imports(t testing.TB, kind record.Kind, rows []record.IntakeRow) record.ID {
	t.Helper()
	id := storage.NewID()
	require.NoError(t, d.SaveImport(t.Context(), storage.NewImport{
		ID: id, Subject: d.subject.ID, Account: d.account, Kind: kind, File: "名册.xlsx", Rows: rows,
	}))
	return id
}

func (d *desk) confirm(t testing.TB, id record.ID) {
	t.Helper()
	require.NoError(t, d.ConfirmImport(t.Context(), d.applicant(), d.subject.ID, id))
}

func (d *desk) imported(t testing.TB, id record.ID) storage.Import {
	t.Helper()
	i, err := d.Import(t.Context(), d.subject.ID, id)
	require.NoError(t, err)
	return i
}

// finish makes drafts until the import is over.
func (d *desk) finish(t testing.TB, id record.ID) storage.Import {
	t.Helper()
	for over := false; !over; {
		var err error
		over, err = d.MakeDrafts(t.Context(), id, 50)
		require.NoError(t, err)
	}
	return d.imported(t, id)
}

func TestB16_GoodRowsBecomeDraftsAndFaultyOnesDoNot(t *testing.T) {
	d := newDesk(t)
	rows := people(20_000, 5)
	rows[2] = faulty(rows[2])
	id := d.imports(t, record.Practitioner, rows)
	preview := d.imported(t, id)
	require.Equal(t, storage.ImportPreview, preview.State)
	require.Equal(t, []int{5, 4, 1, 0}, []int{preview.Rows, preview.Good, preview.Faulty, preview.Made})
	over, err := d.MakeDrafts(t.Context(), id, 50)
	require.NoError(t, err)
	require.True(t, over, "before it is confirmed nothing happens")
	require.Zero(t, d.imported(t, id).Made)

	d.confirm(t, id)
	d.confirm(t, id) // a double click
	require.Equal(t, storage.ImportRunning, d.imported(t, id).State)
	open, err := d.OpenImports(t.Context(), 0, 100)
	require.NoError(t, err)
	require.Contains(t, open, id)
	ended := d.finish(t, id)
	require.Equal(t, storage.ImportEnded, ended.State)
	require.Equal(t, []int{5, 0, 1, 4}, []int{ended.Rows, ended.Good, ended.Faulty, ended.Made})
	open, err = d.OpenImports(t.Context(), 0, 100)
	require.NoError(t, err)
	require.NotContains(t, open, id)

	drafts, err := d.Drafts(t.Context(), d.subject.ID, record.Practitioner)
	require.NoError(t, err)
	require.Len(t, drafts, 4)
	for _, draft := range drafts {
		require.Equal(t, 2, draft.Version, "1 would mean that it was never touched")
	}
	page, err := d.List(t.Context(), storage.ListQuery{Subject: d.subject.ID, Kind: record.Practitioner, Search: sample.ResidentID(20_000), Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Lines, 1, "found by the number, which only the blind index knows")
	left, err := d.ImportRows(t.Context(), d.subject.ID, id, storage.ImportFaulty, 10)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, rows[2].Problems, left[0].Problems)
	require.Equal(t, rows[2].Cells, left[0].Cells)
	made, err := d.ImportRows(t.Context(), d.subject.ID, id, storage.ImportMade, 10)
	require.NoError(t, err)
	require.Empty(t, made[0].Cells, "what became a draft is not kept twice")
	require.Equal(t, []string{storage.EventImportConfirmed, storage.EventImportEnded}, d.chain(t, "import_%"))
	d.verify(t)
}

// chain are the types of the subject's events, in order.
func (d *desk) chain(t testing.TB, like string) []string {
	t.Helper()
	var types []string
	require.NoError(t, d.owner.NewRaw("SELECT type FROM events WHERE chain = ? AND type LIKE ? ORDER BY no", d.subject.ID, like).Scan(t.Context(), &types))
	return types
}

func TestB16_AnImportKilledAnywhereGoesOnWithoutDoubling(t *testing.T) {
	d := newDesk(t)
	const rows = 300
	id := d.imports(t, record.Practitioner, people(21_000, rows))
	d.confirm(t, id)
	// Some die in the middle of a row, and several work at a time.
	var group sync.WaitGroup
	for n := range 6 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(5+10*n)*time.Millisecond)
			defer cancel()
			_, _ = d.MakeDrafts(ctx, id, rows) // cut off, most of them
		})
	}
	group.Wait()
	for range 3 {
		group.Go(func() {
			for {
				over, err := d.MakeDrafts(t.Context(), id, 7)
				if err != nil {
					t.Errorf("make drafts: %v", err)
				}
				if over || err != nil {
					return
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, rows, d.imported(t, id).Made)
	drafts, err := d.Drafts(t.Context(), d.subject.ID, record.Practitioner)
	require.NoError(t, err)
	require.Len(t, drafts, rows)
	people := map[string]bool{}
	for _, draft := range drafts {
		people[draft.Document.(*record.PractitionerDocument).IDNumber] = true
	}
	require.Len(t, people, rows)
	require.Equal(t, []string{storage.EventImportConfirmed, storage.EventImportEnded}, d.chain(t, "import_%"))
}

func TestB16_TheSameSheetTwiceMakesNothingTwice(t *testing.T) {
	d := newDesk(t)
	projects := func() []record.IntakeRow {
		var rows []record.IntakeRow
		for i := range 3 {
			p := sample.Performance(fmt.Sprintf("示范家园 %d 期", i), form.Reference{}, form.File{})
			p.Contract, p.Completion = nil, nil
			rows = append(rows, record.IntakeRow{Line: i + 3, Cells: map[string]string{"project_name": p.ProjectName}, Document: p})
		}
		return rows
	}
	for _, c := range []struct {
		kind record.Kind
		rows func() []record.IntakeRow
		says string
	}{
		{record.Practitioner, func() []record.IntakeRow { return people(22_000, 3) }, "本单位的执业人员中已经有了"},
		{record.Performance, projects, "本单位的单位业绩中已经有了"},
	} {
		first := d.imports(t, c.kind, c.rows())
		// A second sheet, read before the first became drafts.
		second := d.imports(t, c.kind, c.rows())
		require.Equal(t, 3, d.imported(t, second).Good)
		d.confirm(t, first)
		require.Equal(t, 3, d.finish(t, first).Made)
		d.confirm(t, second)
		late := d.finish(t, second)
		require.Zero(t, late.Made)
		require.Equal(t, 3, late.Faulty)
		third := d.imports(t, c.kind, c.rows())
		require.Equal(t, 3, d.imported(t, third).Faulty)
		require.Equal(t, record.Invalid, record.CodeOf(d.ConfirmImport(t.Context(), d.applicant(), d.subject.ID, third)))
		for _, id := range []record.ID{second, third} {
			rows, err := d.ImportRows(t.Context(), d.subject.ID, id, storage.ImportFaulty, 10)
			require.NoError(t, err)
			require.Len(t, rows, 3)
			require.Contains(t, rows[0].Problems[0].Message, c.says)
			require.NotEmpty(t, rows[0].Cells)
		}
	}
	other := newDesk(t)
	elsewhere := other.imports(t, record.Practitioner, people(22_000, 3))
	require.Equal(t, 3, other.imported(t, elsewhere).Good, "another subject's people are nobody's business here")
}

func TestB16_NobodyElseSeesAnImport(t *testing.T) {
	d, stranger := newDesk(t), newDesk(t)
	id := d.imports(t, record.Practitioner, people(23_000, 2))
	ctx, other := t.Context(), stranger.subject.ID
	_, err := d.Import(ctx, other, id)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	require.Equal(t, record.NotFound, record.CodeOf(d.ConfirmImport(ctx, stranger.applicant(), other, id)))
	rows, err := d.ImportRows(ctx, other, id, storage.ImportGood, 10)
	require.NoError(t, err)
	require.Empty(t, rows)
	require.NoError(t, d.DropImport(ctx, other, id))
	all, err := d.Imports(ctx, other, record.Practitioner, 10)
	require.NoError(t, err)
	require.Empty(t, all)
	all, err = d.Imports(ctx, d.subject.ID, record.Practitioner, 10)
	require.NoError(t, err)
	require.Len(t, all, 1)

	var plain string
	require.NoError(t, d.owner.NewRaw("SELECT string_agg(encode(sealed, 'escape'), '') FROM import_rows WHERE import = ?", id).Scan(ctx, &plain))
	require.False(t, strings.Contains(plain, sample.ResidentID(23_000)) || strings.Contains(plain, "周予安"), "rows are sealed")
	require.NoError(t, d.DropImport(ctx, d.subject.ID, id))
	_, err = d.Import(ctx, d.subject.ID, id)
	require.Equal(t, record.NotFound, record.CodeOf(err))
}

// Whoever typed somebody else's code first may have imported people too.
func TestB16_AStrangersImportEndsWithTheTakeover(t *testing.T) {
	d := newDesk(t)
	id := d.imports(t, record.Practitioner, people(24_000, 3))
	d.confirm(t, id)
	over, err := d.MakeDrafts(t.Context(), id, 1)
	require.NoError(t, err)
	require.False(t, over)
	_, err = d.TakeOver(t.Context(), d.subject.ID, "other hash", record.Actor{Role: record.Supervisor, ID: d.boss})
	require.NoError(t, err)
	over, err = d.MakeDrafts(t.Context(), id, 50)
	require.NoError(t, err)
	require.True(t, over)
	_, err = d.Import(t.Context(), d.subject.ID, id)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	drafts, err := d.Drafts(t.Context(), d.subject.ID, record.Practitioner)
	require.NoError(t, err)
	require.Empty(t, drafts)
	open, err := d.OpenImports(t.Context(), 0, 100)
	require.NoError(t, err)
	require.NotContains(t, open, id)
}

func TestB16_RowsAreDeletedAMonthAfterTheEnd(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	const month = 30 * 24 * time.Hour
	ended, fresh, forgotten := d.imports(t, record.Practitioner, people(25_000, 2)), d.imports(t, record.Practitioner, people(25_100, 2)), d.imports(t, record.Practitioner, people(25_200, 2))
	for _, id := range []record.ID{ended, fresh} {
		d.confirm(t, id)
		d.finish(t, id)
	}
	n, err := d.SweepImports(t.Context(), month)
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = d.owner.NewRaw("UPDATE imports SET ended_at = ended_at - interval '31 days' WHERE id = ?", ended).Exec(t.Context())
	require.NoError(t, err)
	_, err = d.owner.NewRaw("UPDATE imports SET created_at = created_at - interval '8 days' WHERE id = ?", forgotten).Exec(t.Context())
	require.NoError(t, err)
	n, err = d.SweepImports(t.Context(), month)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	var left []record.ID
	require.NoError(t, d.owner.NewRaw("SELECT DISTINCT import FROM import_rows").Scan(t.Context(), &left))
	require.Equal(t, []record.ID{fresh}, left)
	drafts, err := d.Drafts(t.Context(), d.subject.ID, record.Practitioner)
	require.NoError(t, err)
	require.Len(t, drafts, 4, "drafts stay")
}
