package view

import (
	"context"
	"slices"
	"time"

	"unireg/record/form"
)

// FileState says whether a stored file may be used.
type FileState string

// The states of a stored file. An upload under way is known to the browser only.
const (
	FileReady     FileState = "ready"     // 可用: scanned, nothing found
	FilePending   FileState = "pending"   // 待扫描
	FileUnscanned FileState = "unscanned" // 未扫描: scanning is off
	FileRefused   FileState = "refused"   // 拒绝
)

func (s FileState) tag() Tag {
	switch s {
	case FilePending:
		return Tag{"待扫描", Warn}
	case FileUnscanned:
		return Tag{"已上传，未扫描", Plain}
	case FileRefused:
		return Tag{"未通过病毒扫描", Bad}
	default:
		return Tag{"已上传", Good}
	}
}

// virusAdvice says what to do about a refused file.
const virusAdvice = "文件含有病毒或恶意内容，已隔离，不能打开或提交。请删除此文件，用杀毒软件检查电脑后重新扫描上传"

// UploadPolicy is what an attachment may be.
type UploadPolicy struct {
	MaxBytes int64
	Accept   string // the accept attribute, e.g. ".pdf,.jpg,.jpeg,.png"
}

// CAModel is the section CA 申请信息 of 基本信息.
type CAModel struct {
	State   Tag            // of the latest application, e.g. 未办理
	Missing []form.Problem // of 单位信息 and 法定代表人; the button needs none
	Fields  string         // page on which the missing fields are; "" for this one
	Action  string         // where the button 【CA办理申请】 leads; "" where applying is not open
	Posts   bool           // the button posts the page's form there, which saves the draft
	Note    string         // why it is not open, shown when Action is ""
	Links   []CALink       // to the applications under way, and to what was issued
}

// ToldField names the hidden controls that carry the fields whose problems the
// page shows: when the page saves itself, these are looked at again.
const ToldField = "told"

// EditModel is the page on which a draft is filled. Its form posts to
// /records/:id/draft (保存草稿) and /records/:id/check (核对并提交); the hidden
// inputs are _csrf (always the first control), draft_version and shown.
//
// Without scripts: 更新下级选项 posts to /records/:id/draft?stay=1; an upload
// posts the whole form as multipart to /records/:id/attach?field=NAME with the
// file as the part "file.NAME"; 删除 posts the whole form to
// /files/:id/delete. With scripts: POST /files?record=:id&field=NAME, one
// multipart part "file", answered by {id,name,size,type,sha256,state} or
// {error}; GET /records/:id/files answers {files: {id: state}} while the virus
// scan is awaited; POST /files/:id/delete with Accept: application/json; draft with
// Accept: application/json answers {saved_at, draft_version, shown, live, problems,
// merged}, or 409 with {error, live}, or 401. live are the parts of LiveParts or
// CollisionNotice, which take the places of those of the same data-live.
//
// Rows of a group are pages of their own, /records/:id/rows/:group/:row, which
// show this page with the row's dialog open. Sections that are tabs are saved
// alone: section names the one that is posted.
type EditModel struct {
	RecordID     string
	Heading      string    // 基本信息
	Back         *Link     // to the list of the kind; nil for a profile
	State        Tag       // 草稿, 变更草稿, 退回待补正
	Form         form.Form // what the page shows: one section where there are tabs
	Whole        form.Form // the document
	Tabs         []Tab
	Row          *RowForm         // the dialog that is open
	People       []form.Reference // that can be chosen where scripts do not search
	KeyNeeded    bool             // a submit of the kind takes a certificate session, and this is none
	Problems     []form.Problem   // to be shown; empty until the person asked to submit
	Remarks      []Remark         // of the return, oldest first
	ReturnReason string           // of the return as a whole
	ReturnDue    time.Time        // end of the correction period
	ChangeReason string           // of a change; empty for a first filing
	Files        map[string]FileState
	DraftVersion int
	SavedAt      time.Time // zero: never saved
	PaperOnly    bool      // a submit under this session counts for 纸质标 only (S12)
	Shown        string    // what the page shows of the draft, as package web remembers it
	Merged       []string  // labels of what others had changed, for LiveParts
	Upload       UploadPolicy
	CA           *CAModel // nil: the kind has no such section
	Actions      []Action // ActionDiscard, ActionDelete
	Command      string   // nonce for the dialogs of the actions
	Welcome      *Welcome // just registered (S05)
}

// Tab is a section of the document that is a page of its own.
type Tab struct {
	Name, Label string
	Current     bool
	State       Tag
}

// RowForm is the dialog of one row of a group. It posts to the row's address;
// 取消 leads back to the page.
type RowForm struct {
	Group    *form.Field
	Row      form.Row
	New      bool
	Problems []form.Problem
	Fault    string // what the row would break in the group; may be empty
	Shown    string // as EditModel's, of the row
}

func (r RowForm) name() string { return r.Group.Name + "/" + r.Row.ID }

// target is the row as a remark names it.
func (r RowForm) target() string { return r.Group.Name + "." + r.Row.ID }

// title is the heading of the dialog.
func (r RowForm) title(ctx context.Context) string {
	if r.New {
		return tr(ctx, "添加%s", shown(ctx, r.Group.Label))
	}
	return tr(ctx, "修改%s", shown(ctx, r.Group.Label))
}

// beforeSubmit is what the summary of problems says of them on the page of a
// draft.
const beforeSubmit = "，修改后即可提交"

// filling shows in the navigation how far the profile is whose draft the page
// shows.
func (p Page) filling(m EditModel) Page {
	if m.Back != nil {
		return p
	}
	p.Nav.Tasks = slices.Clone(p.Nav.Tasks)
	for i := range p.Nav.Tasks {
		if task := &p.Nav.Tasks[i]; task.Current {
			task.Live, task.State = true, m.taskState()
		}
	}
	return p
}

// taskState is the word of the navigation on what is being filled, where the page
// shows what is wrong with it.
func (m EditModel) taskState() Tag {
	if len(m.Problems) > 0 {
		return Tag{"需修改 " + count(len(m.Problems)) + " 处", Bad}
	}
	return m.State
}

// Welcome names the login account after registration.
type Welcome struct{ Account string }

// sectionState is how far a section is.
type sectionState struct {
	Number, Total    int
	Filled, Required int
	Problems         int
	Remarks          int
	Sound            bool // nothing keeps it from being submitted, shown or not
	Fold             bool // finished: shown as a summary with 修改
}

func (s *sectionState) count(m EditModel, f *form.Field) {
	if problemOf(m.Problems, f.Name) != "" {
		s.Problems++
	}
}

func (s sectionState) complete() bool {
	return s.Sound && s.Problems == 0 && s.Remarks == 0 && s.Required > 0
}

func (m EditModel) sectionTotal() int {
	if m.CA != nil {
		return len(m.Form) + 1
	}
	return len(m.Form)
}

func (m EditModel) sectionState(i int) sectionState {
	section := m.Form[i]
	state := sectionState{Number: i + 1, Total: m.sectionTotal()}
	for _, f := range section.Fields {
		if f.Required() {
			state.Required++
			if !f.Empty() {
				state.Filled++
			}
		}
		state.count(m, f)
		for _, row := range f.Rows() {
			for _, inner := range row.Fields {
				state.count(m, inner)
			}
		}
	}
	for _, r := range m.Remarks {
		if r.open() && section.Has(r.At) {
			state.Remarks++
		}
	}
	state.Sound = len(section.Problems()) == 0
	state.Fold = state.complete() && !hasFiles(section) && len(m.Tabs) == 0 && !hasRows(section)
	return state
}

func (m EditModel) problem(field string) string {
	if m.Row != nil {
		if text := problemOf(m.Row.Problems, field); text != "" {
			return text
		}
	}
	return problemOf(m.Problems, field)
}

// divided tells that the page shows a part of the document.
func (m EditModel) divided() bool { return len(m.Form) < len(m.Whole) }

// section is the section that the page shows alone, "" where it shows all.
func (m EditModel) section() string {
	for _, t := range m.Tabs {
		if t.Current {
			return t.Name
		}
	}
	return ""
}

// sectionOf is the section of a field, or of the group whose row it is.
func sectionOf(f form.Form, field string) string {
	for _, s := range f {
		if s.Has(field) {
			return s.Name
		}
	}
	return ""
}

// at is the address of a field, or of what else a remark is about: on this page,
// on its tab, or in its row's dialog.
func (m EditModel) at(target string) string {
	section := sectionOf(m.Whole, target)
	if group, id, ok := rowOfField(target); ok && (m.Row == nil || m.Row.name() != group+"/"+id) || !ok && len(m.Tabs) > 0 && section != m.section() {
		return fieldAddress(m.RecordID, section, target)
	}
	return "#" + anchor(target)
}

// fieldAddress is where a field is filled: in the dialog of its row, or on the
// page of the draft, at the section that has it.
func fieldAddress(record, section, target string) string {
	if group, id, ok := rowOfField(target); ok {
		return "/records/" + record + "/rows/" + group + "/" + id + "#" + anchor(target)
	}
	return "/records/" + record + "/edit?tab=" + section + "#" + anchor(target)
}

// rowOfField is the row of a target that is in a row, not the row itself.
func rowOfField(target string) (group, id string, ok bool) {
	group, id, whole, ok := form.CutRow(target)
	return group, id, ok && !whole
}

// page is the address of this page without a dialog.
func (m EditModel) page() string {
	if section := m.section(); section != "" {
		return m.url("/edit?tab=" + section)
	}
	return m.url("/edit")
}

// rowProblems are those of the problems shown that are in one row.
func (m EditModel) rowProblems(row form.Row) []form.Problem {
	return slices.DeleteFunc(row.Problems(), func(p form.Problem) bool { return problemOf(m.Problems, p.Field) == "" })
}

// offered are the people that can be chosen, and those who are.
func (m EditModel) offered(f *form.Field) []form.Reference {
	all := slices.Clone(f.References())
	for _, r := range m.People {
		if !slices.ContainsFunc(all, func(o form.Reference) bool { return o.ID == r.ID }) {
			all = append(all, r)
		}
	}
	return all
}

func (m EditModel) url(rest string) string { return "/records/" + m.RecordID + rest }

func problemOf(problems []form.Problem, field string) string {
	for _, p := range problems {
		if p.Field == field {
			return p.Message
		}
	}
	return ""
}

func (m EditModel) fileState(id string) FileState {
	if state, ok := m.Files[id]; ok {
		return state
	}
	return FileReady
}

func (m EditModel) filled() int {
	filled, _ := m.Whole.Progress()
	return filled
}

func (m EditModel) required() int {
	_, required := m.Whole.Progress()
	return required
}

// fileFields are the attachment fields of the document.
func (m EditModel) fileFields() []*form.Field {
	fields := m.Form.Fields()
	if m.Row != nil {
		fields = m.Row.Row.Fields
	}
	var all []*form.Field
	for _, f := range fields {
		if f.Widget == form.WidgetFiles {
			all = append(all, f)
		}
	}
	return all
}

// open reports whether the button of the section may be pressed.
func (c CAModel) open() bool { return len(c.Missing) == 0 && c.Action != "" }

func hasFiles(s form.Section) bool { return hasWidget(s.Fields, form.WidgetFiles) }

func hasRows(s form.Section) bool { return hasWidget(s.Fields, form.WidgetRows) }

func hasWidget(fields []*form.Field, w form.Widget) bool {
	return slices.ContainsFunc(fields, func(f *form.Field) bool { return f.Widget == w })
}
