package web

import (
	"net/url"
	"slices"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// The parameters of the search's address, beside those of the queue.
const (
	unitParam  = "unit"
	roleParam  = "role"
	classParam = "class"
	gradeParam = "grade"
)

// disclosedTabs name the kinds on public pages.
var disclosedTabs = map[record.Kind]string{
	record.OrganizationProfile: "单位", record.Qualification: "资质", record.Performance: "业绩", record.Award: "获奖",
}

var disclosureStateLabels = map[storage.DisclosureState]string{
	storage.DisclosedInForce: "有效", storage.DisclosedExpired: "已过期", storage.DisclosedVoid: "已作废",
}

// disclosureQuery reads what an address asks for. What is none of the choices counts
// as not chosen.
func disclosureQuery(values url.Values) storage.DisclosureQuery {
	q := storage.DisclosureQuery{
		Kind: record.Kind(values.Get(kindParam)), Text: cut(form.Clean(values.Get(textParam)), maxSearch), Unit: record.NormalizeCode(values.Get(unitParam)),
		Role: values.Get(roleParam), Grade: values.Get(gradeParam), State: storage.DisclosureState(values.Get(stateParam)),
		Region: record.RegionDigits(lowest(codes.Regions, values[regionParam])), Class: lowest(codes.QualificationMajors, values[classParam]),
		After: values.Get("after"), Before: values.Get("before"), Limit: listed,
	}
	if !slices.Contains(record.DisclosedKinds(), q.Kind) {
		q.Kind = record.OrganizationProfile
	}
	if record.CreditCodeProblem(q.Unit) != "" {
		q.Unit = ""
	}
	if _, ok := codes.OrganizationRoles.Lookup(q.Role); !ok {
		q.Role = ""
	}
	if _, ok := codes.QualificationGrades.Lookup(q.Grade); !ok {
		q.Grade = ""
	}
	if _, ok := disclosureStateLabels[q.State]; !ok {
		q.State = ""
	}
	return q
}

// lowest is the last code of a cascade that lies below those before it; "" for
// none. An address may also carry it alone.
func lowest(table *codes.Table, chosen []string) string {
	last := ""
	for _, code := range chosen {
		path := table.Path(code)
		switch {
		case len(path) == 0:
		case last == "" || slices.ContainsFunc(path, func(e codes.Entry) bool { return e.Code == last }):
			last = code
		}
	}
	return last
}

// regionCode is the code of a region by its digits, "" for none.
func regionCode(digits string) string {
	if digits == "" {
		return ""
	}
	return (digits + "0000")[:max(6, len(digits))]
}

// disclosurePath is the address of a search, which may be shared.
func disclosurePath(path string, q storage.DisclosureQuery) string {
	values := url.Values{}
	for name, value := range map[string]string{
		kindParam: string(q.Kind), textParam: q.Text, unitParam: q.Unit, regionParam: regionCode(q.Region), roleParam: q.Role,
		classParam: q.Class, gradeParam: q.Grade, stateParam: string(q.State), "after": q.After, "before": q.Before,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Kind == record.OrganizationProfile {
		values.Del(kindParam)
	}
	return withQuery(path, values)
}

// disclosedPath is the page of a unit.
func disclosedPath(code string) string { return "/disclosure/subjects/" + code }

// showDisclosure searches what is public.
func showDisclosure(s *Server, v *visit) error {
	if err := v.disclosing("page", openPages); err != nil {
		return err
	}
	v.unindexed()
	q := disclosureQuery(v.addressed())
	page, err := s.Store.Disclosed(v.ctx, q)
	if err != nil {
		return err
	}
	counts, err := s.Store.DisclosedCounts(v.ctx, q)
	if err != nil {
		return err
	}
	first := q
	first.After, first.Before = "", ""
	m := view.DisclosureModel{
		Kind: string(q.Kind), Label: disclosedTabs[q.Kind], Columns: record.PublicColumns(q.Kind), Named: record.PublicNamed(q.Kind), Search: q.Text, Unit: q.Unit,
		Region: regionCode(q.Region), Class: q.Class, Selects: disclosureSelects(q), Narrowed: narrowedDisclosure(q), ClearHref: disclosurePath("/disclosure", storage.DisclosureQuery{Kind: q.Kind}),
		No: page.No, Cut: page.Cut, Most: storage.DisclosedPages * listed, ExportHref: disclosurePath("/disclosure/export", first),
	}
	if q.Kind == record.OrganizationProfile {
		m.Kind = ""
	}
	for _, kind := range record.DisclosedKinds() {
		tab := first
		tab.Kind = kind
		m.Tabs = append(m.Tabs, view.DisclosureTab{
			Label: disclosedTabs[kind], Href: disclosurePath("/disclosure", tab), Count: min(counts[kind], storage.DisclosedCounted),
			More: counts[kind] > storage.DisclosedCounted, Current: kind == q.Kind,
		})
	}
	for _, line := range page.Lines {
		m.Lines = append(m.Lines, v.disclosedLine(line))
	}
	m.NextHref, m.PrevHref = turnedDisclosure(first, page)
	return v.renderOpen(view.DisclosurePage(v.page("信息公示"), m))
}

// turnedDisclosure are the addresses of the next and the previous page.
func turnedDisclosure(first storage.DisclosureQuery, page storage.DisclosurePage) (next, previous string) {
	other := first
	if other.After = page.Next; other.After != "" {
		next = disclosurePath("/disclosure", other)
	}
	other = first
	if other.Before = page.Previous; other.Before != "" || page.No > 1 {
		previous = disclosurePath("/disclosure", other)
	}
	return next, previous
}

// narrowedDisclosure tells that more is asked for than a kind.
func narrowedDisclosure(q storage.DisclosureQuery) bool {
	return q.Text+q.Unit+q.Region+q.Role+q.Class+q.Grade+string(q.State) != ""
}

// disclosureSelects are the parts of the filter that are chosen from one list.
func disclosureSelects(q storage.DisclosureQuery) []view.Select {
	role := view.Select{Name: roleParam, Label: "主体角色", All: "不限", Value: q.Role}
	for _, entry := range codes.OrganizationRoles.Entries() {
		role.Options = append(role.Options, view.Option{Value: entry.Code, Label: entry.Name})
	}
	grade := view.Select{Name: gradeParam, Label: "资质等级", All: "不限", Value: q.Grade}
	for _, entry := range codes.QualificationGrades.Entries() {
		grade.Options = append(grade.Options, view.Option{Value: entry.Code, Label: entry.Name})
	}
	state := view.Select{Name: stateParam, Label: "状态", All: "不限", Value: string(q.State)}
	for _, st := range storage.DisclosureStates() {
		state.Options = append(state.Options, view.Option{Value: string(st), Label: disclosureStateLabels[st]})
	}
	return []view.Select{role, grade, state}
}

// disclosedTag is the state of something public.
func disclosedTag(d storage.Disclosure) view.Tag {
	switch {
	case d.Standing == record.Voided:
		return view.Tag{Text: "已作废", Tone: view.Bad}
	case d.Expired:
		return view.Tag{Text: "已过期", Tone: view.Warn}
	}
	return view.Tag{Text: "有效", Tone: view.Good}
}

// namedCells are the places of the cells that hold names of a code table.
var namedCells = map[record.Kind]int{record.OrganizationProfile: 2, record.Performance: 0, record.Award: 0}

func (v *visit) disclosedLine(d storage.Disclosure) view.DisclosureLine {
	if at, named := namedCells[d.Kind]; named {
		d.Cells[at] = v.shown(d.Cells[at])
	}
	line := view.DisclosureLine{Title: d.Title, Unit: d.Unit, Href: disclosedPath(d.Code), Cells: d.Cells, State: disclosedTag(d), At: d.ChangedAt}
	if d.Kind == record.OrganizationProfile {
		line.Unit = ""
	} else {
		line.Href += "#" + string(d.Kind)
	}
	return line
}
