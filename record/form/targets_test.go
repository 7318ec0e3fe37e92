package form_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record/form"
)

type targetLine struct {
	form.Key
	Scope string
	Scan  []form.File
}

// filing has a field, an attachment and a group of rows.
type filing struct {
	Address string
	Licence []form.File
	Lines   []targetLine
}

func (d *filing) form() form.Form {
	return form.Form{{Name: "all", Label: "全部", Fields: []*form.Field{
		form.Text("address", "地址", &d.Address),
		form.Attachment("licence", "执照", &d.Licence),
		form.Rows("lines", "业务", &d.Lines, func(l *targetLine) []*form.Field {
			return []*form.Field{form.Text("scope", "范围", &l.Scope), form.Attachment("scan", "扫描件", &l.Scan)}
		}),
	}}}
}

func scan(id string) form.File { return form.File{ID: id, Name: id + ".pdf", SHA256: id} }

func aFiling() *filing {
	return &filing{Address: "路 1 号", Licence: []form.File{scan("a"), scan("b")}, Lines: []targetLine{
		{Key: form.Key{ID: "one"}, Scope: "土建", Scan: []form.File{scan("c")}}, {Key: form.Key{ID: "two"}, Scope: "安装"},
	}}
}

func TestN01_EverythingOfAFilingCanBeRemarkedOn(t *testing.T) {
	require.Equal(t, []string{
		"address", "licence", "licence#a", "licence#b", "lines", "lines.one", "lines.one.scope", "lines.one.scan", "lines.one.scan#c",
		"lines.two", "lines.two.scope", "lines.two.scan",
	}, aFiling().form().Targets())
}

func TestN01_ARemarkIsNamedAndLeadsToWhatIsLeft(t *testing.T) {
	whole, left := aFiling(), aFiling()
	left.Licence, left.Lines = left.Licence[1:], left.Lines[1:]
	for _, c := range []struct{ target, label, nearest string }{
		{"address", "地址", "address"},
		{"licence#a", "执照“a.pdf”", "licence"},
		{"licence#b", "执照“b.pdf”", "licence#b"},
		{"lines", "业务", "lines"},
		{"lines.one", "业务第 1 项", "lines"},
		{"lines.one.scope", "业务第 1 项“范围”", "lines"},
		{"lines.one.scan#c", "业务第 1 项“扫描件”“c.pdf”", "lines"},
		{"lines.two", "业务第 2 项", "lines.two"},
		{"lines.two.scope", "业务第 2 项“范围”", "lines.two.scope"},
		{"lines.two.retired", "", "lines.two"},
		{"retired", "", ""},
		{"retired.one", "", ""},
		{"licence#gone", "", "licence"},
	} {
		require.Equal(t, c.label, whole.form().Label(c.target), c.target)
		require.Equal(t, c.nearest, left.form().Nearest(c.target), c.target)
	}
}

func TestN01_WhatWasChangedIsTickedOff(t *testing.T) {
	after := aFiling()
	after.Licence[0] = scan("d")
	after.Lines = []targetLine{{Key: form.Key{ID: "one"}, Scope: "土建和装修", Scan: []form.File{scan("c")}}, {Key: form.Key{ID: "three"}}}
	touched := form.Touched(aFiling().form(), after.form())
	for _, target := range []string{"licence", "licence#a", "lines", "lines.one", "lines.one.scope", "lines.two", "lines.two.scope"} {
		require.True(t, touched[target], target)
	}
	for _, target := range []string{"address", "licence#b", "lines.one.scan", "lines.one.scan#c"} {
		require.False(t, touched[target], target)
	}
}
