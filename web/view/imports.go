package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// ImportsModel is the page from which drafts are imported. Its form posts
// multipart to /imports?kind=…, the token first, with the part "file".
type ImportsModel struct {
	Kind, Label string
	MaxRows     int
	MaxBytes    int64
	Accept      string         // the accept attribute
	Problems    []form.Problem // with the file that was just sent
	Earlier     []ImportLine   // newest first
}

// ImportLine is one import of a list.
type ImportLine struct {
	Href, File         string
	At                 time.Time
	State              Tag
	Rows, Made, Faulty int
}

// ImportState says how far an import is.
type ImportState string

// The states of an import.
const (
	ImportPreview ImportState = "preview"
	ImportRunning ImportState = "running"
	ImportEnded   ImportState = "ended"
)

// ImportModel is one import: what would become of its rows, what is becoming of
// them, or what has become of them. It posts to /imports/:id/confirm and
// /imports/:id/discard.
type ImportModel struct {
	ID, Kind, Label string
	State           ImportState
	File            string
	Rows            int // in all
	Good            int // that can become drafts yet
	Faulty          int
	Made            int
	At, EndedAt     time.Time
	Columns         []string // of the preview
	Preview         []PreviewRow
	Faults          []FaultyRow // the first of them
}

// PreviewRow is a row that would become a draft.
type PreviewRow struct {
	Line  int
	Cells []string // one for each column; sensitive ones masked
}

// FaultyRow is a row that becomes none, and why.
type FaultyRow struct {
	Line     int
	Title    string
	Problems []form.Problem
}

func (m ImportModel) url(rest string) string { return "/imports/" + m.ID + rest }

// upload is the page of uploads of the kind.
func (m ImportModel) upload() string { return "/imports?kind=" + m.Kind }

// drafts is the list of what was made.
func (m ImportModel) drafts() string { return "/records?kind=" + m.Kind + "&state=draft" }

// wanted is how many rows are to become drafts, made or not.
func (m ImportModel) wanted() int { return m.Good + m.Made }

// faultyNote goes on after the number of faulty rows.
func (m ImportModel) faultyNote() string {
	if m.Faulty > 0 {
		return "行，不会导入，问题列在下面"
	}
	return "行"
}

func (m ImportModel) tone() Tone {
	switch {
	case m.State != ImportEnded:
		return Info
	case m.Made == 0:
		return Bad
	case m.Faulty > 0:
		return Warn
	}
	return Good
}

func (m ImportModel) headline(ctx context.Context) string {
	switch {
	case m.State == ImportRunning:
		return tr(ctx, "正在导入，已完成 %d / %d", m.Made, m.wanted())
	case m.Made == 0:
		return tr(ctx, "没有导入任何一行")
	case m.Faulty > 0:
		return tr(ctx, "已导入 %d 行，另有 %d 行没有导入", m.Made, m.Faulty)
	}
	return tr(ctx, "已全部导入，共 %d 行", m.Made)
}

func (m ImportModel) explanation() string {
	switch {
	case m.State == ImportRunning:
		return "可以离开本页，导入会继续进行，不需要重新上传。"
	case m.Faulty > 0:
		return "没有导入的行在下面的文件里，每一行都写明了问题；改好后直接上传这个文件即可，已导入的行不会重复。"
	}
	return "导入的内容都是草稿。请逐项补充附件和其他必填内容，再提交审核。"
}

// importPage lets the page ask again while rows become drafts.
func importPage(p Page, m ImportModel) Page {
	if m.State != ImportRunning {
		return p.with(0)
	}
	return p.with(0, "imports.js").reloading(3)
}
