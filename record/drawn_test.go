package record_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// found is what ids stand for where documents are drawn.
var found = form.Lookup{
	Files: func(id string) (form.File, bool) {
		return sample.File(id, id+"<b>.pdf"), strings.HasPrefix(id, "f")
	},
	Records: func(id string) (form.Reference, bool) {
		return form.Reference{ID: id, Name: "周予安" + id, Number: sample.ResidentID(len(id)), Note: strings.TrimPrefix(id, "p")}, strings.HasPrefix(id, "p")
	},
	Subjects: func(code string) (form.SubjectReference, bool) {
		return form.SubjectReference{Code: code, ID: "s" + code, Name: "示范" + code}, strings.HasPrefix(code, "9")
	},
}

// drawTyped draws what a person, or somebody who means harm, posts for a field.
func drawTyped(t *rapid.T, f *form.Field) []string {
	anything := rapid.OneOf(
		rapid.String(), rapid.SampledFrom([]string{
			"", " ", "周予安", "𬀩\u2028<script>", "ＡＢＣ１２３", "a\r\nb", "\x00", "\xff\xfe", "\ufeff", "true", "2024-06-18", "2024年6月8日", "20240618", "1,234.50", "0.0", "1e9",
			sample.ResidentID(7), sample.CreditCode(7), strings.Repeat("长", 2001),
		}))
	switch f.Widget {
	case form.WidgetFiles:
		return rapid.SliceOfN(rapid.SampledFrom([]string{"f1", "f2", "gone", ""}), 0, 4).Draw(t, f.Name)
	case form.WidgetPick, form.WidgetPicks:
		return rapid.SliceOfN(rapid.SampledFrom([]string{"p1", "p2", "p", "gone", ""}), 0, 4).Draw(t, f.Name)
	case form.WidgetBool:
		return rapid.SampledFrom([][]string{nil, {"true"}, {"false"}, {"true", "false"}}).Draw(t, f.Name)
	default:
	}
	if f.Table == nil {
		return rapid.SliceOfN(anything, 0, 2).Draw(t, f.Name)
	}
	code := rapid.SampledFrom(f.Table.All()).Draw(t, f.Name+" code").Code
	path := []string{code}
	if f.Widget == form.WidgetCascade {
		path = nil
		for _, e := range f.Table.Path(code) {
			path = append(path, e.Code)
		}
	}
	if f.Widget == form.WidgetTerms {
		path = append(path, anything.Draw(t, f.Name+" until"))
	}
	return slices.Concat(path, rapid.SliceOfN(rapid.OneOf(anything, rapid.Just(code)), 0, 2).Draw(t, f.Name+" more"))
}

// posted draws what is posted for fields.
func posted(t *rapid.T, fields []*form.Field) map[string][]string {
	values := map[string][]string{}
	for _, f := range fields {
		if rapid.IntRange(0, 4).Draw(t, f.Name+" is posted") > 0 {
			values[f.Name] = drawTyped(t, f)
		}
	}
	return values
}

// drawDocument draws a document of a kind, as pages would have written it.
func drawDocument(t *rapid.T, kind record.Kind) record.Document {
	definition, _ := record.DefinitionOf(kind)
	d := definition.New()
	d.Prefill(owner)
	d.Form(today).Bind(posted(t, d.Form(today).Fields()), found)
	for _, group := range d.Form(today).Fields() {
		if group.Widget != form.WidgetRows {
			continue
		}
		for range rapid.IntRange(0, 3).Draw(t, group.Name+" rows") {
			row := d.Form(today).Field(group.Name).AddRow(rapid.StringMatching(`[0-9a-z-]{1,6}`).Draw(t, "row"))
			row.Bind(posted(t, row.Fields), found)
		}
	}
	return d
}

func canonical(t require.TestingT, kind record.Kind, d record.Document) string {
	content, err := record.Canonical(kind, d)
	require.NoError(t, err)
	return string(content)
}

func parsed(t require.TestingT, content string) record.Document {
	_, d, err := record.ParseCanonical([]byte(content))
	require.NoError(t, err, content)
	return d
}

func changes(before, after record.Document) []form.Change {
	return slices.DeleteFunc(form.Diff(before.Form(today), after.Form(today)), func(c form.Change) bool { return !c.Changed })
}

// Whatever was typed into a document of any kind reads back to the same bytes,
// and differs in nothing from itself.
func TestN03_WhateverWasTypedReadsBackToTheSameBytes(t *testing.T) {
	for _, kind := range record.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d := drawDocument(t, kind)
				first := canonical(t, kind, d)
				again := parsed(t, first)
				require.Equal(t, first, canonical(t, kind, again))
				require.Empty(t, changes(d, again))
				require.Empty(t, changes(d, d))
				require.Equal(t, d.Form(today).Problems(), again.Form(today).Problems())
				if listed, ok := d.(record.Listed); ok {
					require.Equal(t, listed.Listing(), again.(record.Listed).Listing())
				}
				require.Equal(t, record.MarksOf(d), record.MarksOf(again))
				require.Equal(t, record.ConnectedUnits(d), record.ConnectedUnits(again))
			})
		})
	}
}

// contentOf is the content of canonical bytes by field.
func contentOf(t require.TestingT, text string) map[string]any {
	var e struct{ Content map[string]any }
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	return e.Content
}

// Nothing that is posted to a page touches what registration fixed, or a row.
func TestW18_WhateverIsPostedTouchesNoFixedFieldAndNoRow(t *testing.T) {
	for _, kind := range record.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d := drawDocument(t, kind)
				fields := d.Form(today)
				before := contentOf(t, canonical(t, kind, d))
				values := posted(t, slices.Concat(fields.Fields(), fields.Leaves()))
				for _, f := range fields.Fields() {
					if f.Fixed || f.Widget == form.WidgetRows {
						values[f.Name] = []string{"x", "430104"}
					}
				}
				values["standing"] = []string{"in_force"}
				fields.Bind(values, found)
				after := contentOf(t, canonical(t, kind, d))
				for _, f := range fields.Fields() {
					if f.Fixed || f.Widget == form.WidgetRows {
						require.Equal(t, before[f.Name], after[f.Name], f.Name)
					}
				}
				for name := range after {
					require.NotNil(t, fields.Field(name), name)
				}
			})
		})
	}
}

// Rows are matched by their ids, whatever became of their neighbours.
func TestB04_RowsAreMatchedWhateverBecameOfTheirNeighbours(t *testing.T) {
	groups := map[record.Kind]string{
		record.Qualification: "lines", record.Practitioner: "registrations", record.OrganizationProfile: "connected", record.Performance: "members",
	}
	for kind, group := range groups {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				before := drawDocument(t, kind)
				after := parsed(t, canonical(t, kind, before))
				fates := map[string]form.Fate{}
				for _, row := range after.Form(today).Field(group).Rows() {
					fates[row.ID] = form.RowKept
				}
				for id := range fates {
					if rapid.Bool().Draw(t, "remove "+id) {
						after.Form(today).Field(group).RemoveRow(id)
						fates[id] = form.RowRemoved
					}
				}
				for i := range rapid.IntRange(0, 2).Draw(t, "added") {
					id := fmt.Sprintf("added%d", i)
					row := after.Form(today).Field(group).AddRow(id)
					row.Bind(posted(t, row.Fields), found)
					fates[id] = form.RowAdded
				}
				after = shuffled(t, kind, after, group)
				seen := map[string]form.Fate{}
				for _, c := range form.Diff(before.Form(today), after.Form(today)) {
					id, ok := strings.CutPrefix(c.Field.Name, group+".")
					if !ok {
						require.Equal(t, strings.Contains(c.Field.Name, "."), c.Fate != "")
						continue
					}
					id, _, _ = strings.Cut(id, ".")
					seen[id] = c.Fate
					switch c.Fate {
					case form.RowKept:
						require.False(t, c.Changed, "a row that was kept is the same, wherever it stands")
					case form.RowAdded:
						require.Empty(t, c.Before)
					case form.RowRemoved:
						require.Empty(t, c.After)
					}
				}
				require.Equal(t, fates, seen)
			})
		})
	}
}

// shuffled is a document with the rows of a group in a drawn order.
func shuffled(t *rapid.T, kind record.Kind, d record.Document, group string) record.Document {
	content := contentOf(t, canonical(t, kind, d))
	if rows, ok := content[group].([]any); ok {
		content[group] = rapid.Permutation(rows).Draw(t, "order")
	}
	text, err := json.Marshal(map[string]any{"kind": kind, "schema": 1, "content": content})
	require.NoError(t, err)
	return parsed(t, string(text))
}

// FuzzW26_Documents reads contents and posted forms of any shape: nothing of
// them stops the portal, and what is read once reads back the same for ever.
func FuzzW26_Documents(f *testing.F) {
	for _, kind := range record.Kinds() {
		content, err := record.Canonical(kind, documentOf(kind))
		require.NoError(f, err)
		f.Add(string(content), "name=a&lines=x&class=04&expires_on=2026&majors=1501&majors=2027-01-01&region=43&region=4301")
	}
	f.Add(`{"kind":"qualification","schema":1,"content":{"lines":[{"id":"a"},{"id":"a","major":{"code":"04","name":""}}]}}`, "certificate_no=%00%ff")
	f.Fuzz(func(t *testing.T, content, query string) {
		kind, d, err := record.ParseCanonical([]byte(content))
		if err != nil {
			return
		}
		settles := func() {
			first := canonical(t, kind, d)
			require.Equal(t, first, canonical(t, kind, parsed(t, first)))
			d.Form(today).Problems()
			require.NotEmpty(t, fmt.Sprint(d.Title(), d.People(), record.MarksOf(d), record.Examine(d, owner, today)))
		}
		settles()
		values, _ := url.ParseQuery(query)
		fields := d.Form(today)
		fields.Bind(values, found)
		for _, group := range fields.Fields() {
			for _, row := range group.Rows() {
				row.Bind(values, found)
			}
		}
		settles()
	})
}
