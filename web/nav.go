package web

import (
	"context"
	"strings"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// profile is a subject's 基本信息: its record, its draft, both or neither.
type profile struct {
	kind   record.Kind
	record *record.Record // nil before the first submit took effect
	draft  *storage.Draft // nil while nothing is being written
	// confirmation is where the annual confirmation stands while nothing is under way.
	confirmation record.Confirmation
}

// profile reads a subject's 基本信息.
func (s *Server) profile(ctx context.Context, subject record.Subject) (profile, error) {
	p := profile{kind: record.ProfileKind(subject.Type)}
	// The draft first: a submit that takes effect in between turns it into the
	// record, so that one of the two is always found.
	drafts, err := s.Store.Drafts(ctx, subject.ID, p.kind)
	if err != nil {
		return profile{}, err
	}
	if len(drafts) > 0 {
		p.draft = &drafts[0]
	}
	records, err := s.Store.Records(ctx, subject.ID, p.kind)
	if err != nil {
		return profile{}, err
	}
	if len(records) > 0 {
		p.record = &records[0]
	}
	if p.state() == settled {
		p.confirmation, err = s.Store.ConfirmationOf(ctx, subject.ID)
	}
	return p, err
}

// The two states that pages ask for by name.
var (
	neverFiled = record.State{Standing: record.NotInForce, Filing: record.NothingFiled}
	settled    = record.State{Standing: record.InForce, Filing: record.NothingFiled}
)

// state is where the record stands; a profile without one was never filed.
func (p profile) state() record.State {
	if p.record == nil {
		return neverFiled
	}
	return p.record.State
}

// id is the id of the record, also before there is one; "" without a draft.
func (p profile) id() record.ID {
	switch {
	case p.record != nil:
		return p.record.ID
	case p.draft != nil:
		return p.draft.Record
	}
	return ""
}

// tag is the state of the profile in a few words, or that it is to be confirmed.
func (p profile) tag() view.Tag {
	if p.draft == nil && p.confirmation.Open {
		return confirmationTag(p.confirmation)
	}
	return draftTag(p.state(), p.draft)
}

// draftTag is the state of a record and of what is being written on it.
func draftTag(state record.State, draft *storage.Draft) view.Tag {
	switch {
	case draft == nil:
	case draft.Locked:
		return view.Tag{Text: "正在处理", Tone: view.Info}
	case state == settled:
		return view.Tag{Text: "变更草稿", Tone: view.Warn}
	case state == neverFiled:
		return view.Tag{Text: "草稿", Tone: view.Warn}
	}
	return stateTag(state)
}

// stateTag is a record's state with its tone.
func stateTag(s record.State) view.Tag {
	tone := view.Plain
	switch {
	case s.Filing == record.Returned:
		tone = view.Warn
	case s.InReview():
		tone = view.Info
	case s.Standing == record.InForce:
		tone = view.Good
	case s.Standing == record.Voided:
		tone = view.Bad
	}
	return view.Tag{Text: s.Label(), Tone: tone}
}

// submitted tells that the profile counts, or waits for somebody else.
func (p profile) submitted() bool {
	state := p.state()
	return p.draft != nil && p.draft.Locked || state.Standing == record.InForce || state.InReview()
}

// nav draws the left navigation of a subject: its list of tasks.
func (s *Server) nav(v *visit) (view.Nav, error) {
	path := v.OriginalURL()
	p, err := s.profile(v.ctx, v.subject)
	if err != nil {
		return view.Nav{}, err
	}
	kinds := record.KindsOf(v.subject.Type)
	nav := view.Nav{Total: 1 + len(kinds)}
	if p.submitted() {
		nav.Done = 1
	}
	task := view.NavItem{Label: p.kind.Label(), Href: "/profile", Icon: view.IconUser, State: p.tag(), Current: within(path, p.id())}
	if v.subject.Type == record.Organization {
		task.Icon = view.IconBuilding
	}
	nav.Tasks = append(nav.Tasks, task)
	tallies, err := s.Store.Tallies(v.ctx, v.subject.ID, urgentDays)
	if err != nil {
		return view.Nav{}, err
	}
	for _, k := range kinds {
		tally := tallies[k.Kind]
		if tally.Submitted > 0 {
			nav.Done++
		}
		nav.Tasks = append(nav.Tasks, view.NavItem{
			Label: k.Label, Href: listPath(k.Kind), Icon: kindIcons[k.Kind], State: v.tallyTag(tally),
			Current: v.kind == k.Kind || strings.HasPrefix(path, "/records?") && record.Kind(v.Query("kind")) == k.Kind,
		})
	}
	for _, item := range []view.NavItem{
		{Label: "变更历史总览", Href: "/history", Icon: view.IconHistory},
		{Label: "数字证书", Href: "/certificates", Icon: view.IconKey},
		{Label: "账号安全", Href: "/account", Icon: view.IconShield},
	} {
		item.Current = path == item.Href || strings.HasPrefix(path, item.Href+"/") || item.Href == "/certificates" && strings.HasPrefix(path, "/ca/")
		nav.More = append(nav.More, item)
	}
	return nav, nil
}

// tallyTag is the state of a task that has many records: what has to be done
// about them first, else how far they are.
func (v *visit) tallyTag(t storage.Tally) view.Tag {
	switch {
	case t.Returned > 0:
		return view.Tag{Text: v.tr("%d 项待补正", t.Returned), Tone: view.Bad}
	case t.Expiring > 0:
		return view.Tag{Text: v.tr("%d 证将到期", t.Expiring), Tone: view.Warn}
	case t.Submitted > 0:
		return view.Tag{Text: v.tr("%d 项已提交", t.Submitted), Tone: view.Good}
	case t.Drafts > 0:
		return view.Tag{Text: v.tr("%d 项草稿", t.Drafts)}
	case t.Lines > 0:
		return view.Tag{Text: v.tr("%d 项已作废", t.Lines)}
	}
	return view.Tag{Text: "未填报"}
}

// within reports whether a path is one of a record's pages.
func within(path string, id record.ID) bool {
	rest, ok := strings.CutPrefix(path, "/records/"+string(id))
	return ok && id != "" && (rest == "" || rest[0] == '/' || rest[0] == '?')
}
