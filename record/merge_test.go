package record_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// showing is a page that showed a document, and nothing else.
func showing(contents func(func(name string, content []string))) form.Shown {
	shown := map[string]bool{}
	key := func(name string, content []string) string { return fmt.Sprintf("%q %q", name, content) }
	contents(func(name string, content []string) { shown[key(name, content)] = true })
	return func(name string, content []string) bool { return shown[key(name, content)] }
}

func unseen(string, []string) bool { return false }

// again is a copy of a document in which some fields were posted anew.
func again(t *rapid.T, kind record.Kind, d record.Document) record.Document {
	copied, err := record.Copy(kind, d)
	require.NoError(t, err)
	for _, f := range copied.Form(today).Fields() {
		if !f.Fixed && f.Widget != form.WidgetRows && rapid.Bool().Draw(t, f.Name+" changes") {
			form.Form{{Fields: []*form.Field{f}}}.Bind(map[string][]string{f.Name: drawTyped(t, f)}, found)
		}
	}
	return copied
}

// of is what a field of a document holds.
func of(d record.Document, name string) []string {
	if content, ok := contentsOf(d)[name]; ok {
		return content
	}
	return nil
}

func contentsOf(d record.Document) map[string][]string {
	all := map[string][]string{}
	d.Form(today).Contents(func(name string, content []string) { all[name] = content })
	return all
}

// Whatever two windows did to a draft: what only one of them changed is kept,
// what both changed is asked for, and lists hold what either added and nothing
// that either took out.
func TestTwoTabsLoseNothingWhateverTheyDid(t *testing.T) {
	for _, kind := range record.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				base := drawDocument(t, kind)
				mine, saved := again(t, kind, base), again(t, kind, base)
				merged, err := record.Copy(kind, mine)
				require.NoError(t, err)
				shown := showing(base.Form(today).Contents)
				asked := map[string]bool{}
				for _, d := range form.Compare(shown, merged.Form(today), saved.Form(today)) {
					if side := d.Default(); side != "" {
						require.NoError(t, d.Take(side))
					} else {
						asked[d.Name] = true
					}
				}
				for _, f := range merged.Form(today).Fields() {
					if f.Fixed || f.Widget == form.WidgetRows {
						continue
					}
					was, here, there, now := of(base, f.Name), of(mine, f.Name), of(saved, f.Name), of(merged, f.Name)
					several := slices.Contains([]form.Widget{form.WidgetFiles, form.WidgetChecks, form.WidgetPicks}, f.Widget)
					collides := !slices.Equal(here, there) && !slices.Equal(was, here) && !slices.Equal(was, there)
					require.Equal(t, collides && !several, asked[f.Name], f.Name)
					switch {
					case collides && several:
						for _, element := range slices.Concat(was, here, there) {
							before, a, b := slices.Contains(was, element), slices.Contains(here, element), slices.Contains(there, element)
							require.Equal(t, a && b || !before, slices.Contains(now, element), "%s: %s", f.Name, element)
						}
					case slices.Equal(was, here):
						require.Equal(t, there, now, "%s was changed there alone", f.Name)
					default:
						require.Equal(t, here, now, "%s was changed here", f.Name)
					}
				}
			})
		})
	}
}

// With every choice taken the document is what was chosen; nothing that is not
// listed differs.
func TestTwoTabsTakeWhatIsChosen(t *testing.T) {
	for _, kind := range record.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				mine := drawDocument(t, kind)
				saved := again(t, kind, mine)
				merged, err := record.Copy(kind, mine)
				require.NoError(t, err)
				side := rapid.SampledFrom([]form.Whose{form.Mine, form.Saved}).Draw(t, "side")
				for _, d := range form.Compare(unseen, merged.Form(today), saved.Form(today)) {
					require.Equal(t, form.Both, d.Changed, "what a page has not shown is asked for")
					require.NoError(t, d.Take(side))
				}
				want := contentsOf(map[form.Whose]record.Document{form.Mine: mine, form.Saved: saved}[side])
				require.Equal(t, want, contentsOf(merged))
				require.Error(t, form.Difference{}.Take("neither"))
			})
		})
	}
}

func TestTwoTabsWithOneRow(t *testing.T) {
	const id, name = "line1", "lines.line1"
	file := sample.File("f1", "证书.pdf")
	typed := func(scope string) func(*record.QualificationDocument) {
		return func(d *record.QualificationDocument) { d.Lines[0].Scope = scope }
	}
	gone := func(d *record.QualificationDocument) { d.Lines = d.Lines[1:] }
	same := func(*record.QualificationDocument) {}
	const original = "可承担高度 200 米以下的建筑工程。"
	for _, c := range []struct {
		promise     string
		mine, saved func(*record.QualificationDocument)
		dialog      bool // the row's own page was posted, else the page of the draft
		changed     map[string]form.Whose
		want        string // scope of the row by default, "gone" without it
	}{
		{"nothing happened", same, same, true, map[string]form.Whose{}, original},
		{"it was changed here", typed("甲"), same, true, map[string]form.Whose{name + ".scope": form.Mine}, "甲"},
		{"it was changed there", same, typed("乙"), true, map[string]form.Whose{name + ".scope": form.Saved}, "乙"},
		{"both changed it", typed("甲"), typed("乙"), true, map[string]form.Whose{name + ".scope": form.Both}, "甲"},
		{"both changed it alike", typed("甲"), typed("甲"), true, map[string]form.Whose{}, "甲"},
		{"it was taken out there, unchanged here", same, gone, true, map[string]form.Whose{name: form.Saved}, "gone"},
		{"it was taken out there, changed here", typed("甲"), gone, true, map[string]form.Whose{name: form.Both}, "甲"},
		{"it was taken out here, unchanged there", gone, same, false, map[string]form.Whose{}, "gone"},
		{"it was taken out here, changed there", gone, typed("乙"), false, map[string]form.Whose{name: form.Both}, "gone"},
		{"both took it out", gone, gone, false, map[string]form.Whose{}, "gone"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			base, mine, saved := sample.Qualification("D1", file), sample.Qualification("D1", file), sample.Qualification("D1", file)
			c.mine(mine)
			c.saved(saved)
			shown := showing(base.Form(today).Contents)
			if c.dialog {
				row, _ := base.Form(today).Field("lines").Row(id)
				shown = showing(func(each func(string, []string)) { row.Contents("lines", each) })
			}
			changed := map[string]form.Whose{}
			for _, d := range form.CompareRow(shown, "资质类型", mine.Form(today).Field("lines"), saved.Form(today).Field("lines"), id) {
				changed[d.Name] = d.Changed
				if side := d.Default(); side != "" {
					require.NoError(t, d.Take(side))
				}
			}
			require.Equal(t, c.changed, changed)
			scope := "gone"
			if row, ok := mine.Form(today).Field("lines").Row(id); ok {
				scope = row.Fields[slices.IndexFunc(row.Fields, func(f *form.Field) bool { return f.Local() == "scope" })].Text()
			}
			require.Equal(t, c.want, scope)
			_, neighbour := mine.Form(today).Field("lines").Row("line2")
			require.True(t, neighbour)
		})
	}
	t.Run("a row that was taken out is there again when it was changed elsewhere and that is chosen", func(t *testing.T) {
		base, mine, saved := sample.Qualification("D1", file), sample.Qualification("D1", file), sample.Qualification("D1", file)
		gone(mine)
		typed("乙")(saved)
		all := form.CompareRow(showing(base.Form(today).Contents), "资质类型", mine.Form(today).Field("lines"), saved.Form(today).Field("lines"), id)
		require.Len(t, all, 1)
		require.True(t, all[0].Mine.Gone)
		require.Contains(t, all[0].Saved.Text, "乙")
		require.NoError(t, all[0].Take(form.Saved))
		require.Equal(t, contentsOf(saved), contentsOf(mine))
	})
	t.Run("a page hears that rows are others than it shows", func(t *testing.T) {
		base, saved := sample.Qualification("D1", file), sample.Qualification("D1", file)
		shown := showing(base.Form(today).Contents)
		require.Empty(t, form.Elsewhere(shown, saved.Form(today)))
		typed("乙")(saved)
		others := form.Elsewhere(shown, saved.Form(today))
		require.Len(t, others, 1)
		require.Equal(t, "lines", others[0].Name)
	})
}
