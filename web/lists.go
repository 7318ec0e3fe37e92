package web

import (
	"net/http"
	"net/url"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

const (
	// listed is the number of lines of a page of a list.
	listed = 20
	// maxSearch bounds what is searched for, in characters.
	maxSearch = 100
)

// listPath is the address of a kind's list.
func listPath(kind record.Kind) string { return "/records?kind=" + string(kind) }

// kindOf is the kind that a request names, of which the subject files many.
func (v *visit) kindOf(name string) (record.Definition, error) {
	definition, ok := record.DefinitionOf(record.Kind(name))
	if !ok || definition.Subject != v.subject.Type || definition.Kind.Profile() {
		return record.Definition{}, record.Errorf(record.NotFound, "没有这类信息")
	}
	return definition, nil
}

// listRecords is the list of a kind, one page of it.
func listRecords(s *Server, v *visit) error {
	if definition, ok := record.DefinitionOf(record.Kind(v.Query("kind"))); ok && definition.Kind.Profile() {
		return v.see("/profile")
	}
	definition, err := v.kindOf(v.Query("kind"))
	if err != nil {
		return err
	}
	q := v.listQuery(definition)
	page, err := s.Store.List(v.ctx, q)
	if err != nil {
		return err
	}
	m := view.RecordsModel{
		Kind: string(definition.Kind), Label: definition.Label, Add: definition.Add, Named: definition.Named, Columns: definition.Columns,
		Icon: kindIcons[definition.Kind], Search: q.Search, State: string(q.State), Order: string(q.Order),
		States: listTabs, Orders: listOrders, KeyLogin: v.keyLogin(definition.Kind, listPath(definition.Kind)),
		Import: definition.Importable(),
	}
	if page.Next != "" {
		m.NextHref = turned(q, "after", page.Next)
	}
	if page.Previous != "" {
		m.PrevHref = turned(q, "before", page.Previous)
	}
	for _, line := range page.Lines {
		l := lineOf(line, s.Store.Policy(), definition.Kind)
		if !v.may(record.ToFile) {
			l.Actions = nil
		}
		m.Lines = append(m.Lines, l)
	}
	p, err := v.portal(definition.Label)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.RecordsPage(p, m))
}

// listQuery is the page of a list that a request asks for.
func (v *visit) listQuery(definition record.Definition) storage.ListQuery {
	return storage.ListQuery{
		Subject: v.subject.ID, Kind: definition.Kind, Search: cut(form.Clean(v.Query("q")), maxSearch),
		State: storage.ListState(v.Query("state")), Order: storage.ListOrder(v.Query("sort")),
		After: v.Query("after"), Before: v.Query("before"), Limit: listed,
	}
}

// kindIcons are the pictures of the kinds in the navigation.
var kindIcons = map[record.Kind]view.Icon{
	record.Qualification: view.IconCertificate, record.Performance: view.IconPerformance,
	record.Practitioner: view.IconPeople, record.Award: view.IconAward,
}

// listTabs and listOrders are what a list can be narrowed to and sorted by.
var (
	listTabs  = tabsOf(storage.ListStates())
	tabLabels = map[storage.ListState]string{
		storage.ListDrafts: "草稿", storage.ListUnderReview: "审核中", storage.ListReturned: "退回", storage.ListInForce: "有效",
		storage.ListExpired: "已过期", storage.ListVoided: "已作废",
	}
	listOrders = []view.Option{
		{Value: string(storage.ListRecent), Label: "最近更新"},
		{Value: string(storage.ListTitle), Label: "名称"},
		{Value: string(storage.ListDate), Label: "日期"},
	}
)

func tabsOf(states []storage.ListState) []view.Option {
	tabs := []view.Option{{Value: "", Label: "全部"}}
	for _, state := range states {
		tabs = append(tabs, view.Option{Value: string(state), Label: tabLabels[state]})
	}
	return tabs
}

// turned is the address of another page of the list.
func turned(q storage.ListQuery, direction, cursor string) string {
	values := url.Values{"kind": {string(q.Kind)}, direction: {cursor}}
	for name, value := range map[string]string{"q": q.Search, "state": string(q.State), "sort": string(q.Order)} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return "/records?" + values.Encode()
}

// cut bounds a text, in characters.
func cut(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit])
	}
	return text
}

// lineOf is a line with its state and what can be done from the list.
func lineOf(l storage.Listing, policy record.Policy, kind record.Kind) view.RecordLine {
	line := view.RecordLine{ID: string(l.Record), Title: l.Title, Cells: l.Cells, At: l.UpdatedAt}
	var draft *storage.Draft
	if l.Draft {
		draft = &storage.Draft{Locked: l.Locked}
	}
	line.State = draftTag(l.State, draft)
	if l.Expired && !l.Draft {
		line.State = view.Tag{Text: "已过期", Tone: view.Bad}
	}
	if l.Locked {
		return line
	}
	facts := record.Facts{Kind: kind, NeedsReview: policy.NeedsReview(kind)}
	allowed := record.Allowed(l.State, record.Applicant, facts)
	for _, move := range allowed {
		switch {
		case move == record.Submit && l.Draft:
			line.Actions = append(line.Actions, view.ActionEdit)
		case move == record.Submit && l.State == settled:
			line.Actions = append(line.Actions, view.ActionChange)
		case l.Draft && move != record.Restore:
		case move == record.Void && kind != record.Practitioner, move == record.Restore, move == record.Release:
			line.Actions = append(line.Actions, view.Action(move))
		}
	}
	return line
}

// startRecord opens a draft of one of many: 【新增…】. Pressed twice it opens one.
func startRecord(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	definition, err := v.kindOf(values.Get("kind"))
	if err != nil {
		return err
	}
	id, err := s.Store.StartDraft(v.ctx, v.actor().ID, v.subject, definition.Kind)
	if err != nil {
		return err
	}
	return v.see("/records/" + string(id) + "/edit")
}

// voidRecord takes what is in force out of it, restoreRecord puts it back, and
// releaseRecord lets a practitioner go.
func voidRecord(s *Server, v *visit) error    { return s.move(v, record.Void) }
func restoreRecord(s *Server, v *visit) error { return s.move(v, record.Restore) }
func releaseRecord(s *Server, v *visit) error { return s.move(v, record.Release) }

// searchPeople finds practitioners that a document may refer to, for scripts.
func searchPeople(s *Server, v *visit) error {
	people, err := s.Store.Employed(v.ctx, v.subject.ID, cut(v.Query("q"), maxSearch), maxFound)
	if err != nil {
		return err
	}
	answer := make([]map[string]string, 0, len(people))
	for _, p := range people {
		answer = append(answer, map[string]string{"id": p.ID, "name": p.Name, "note": p.Note})
	}
	return v.json(http.StatusOK, answer)
}
