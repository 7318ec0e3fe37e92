package web

import (
	"net/http"
	"net/url"
	"slices"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

const (
	queuePage = 50
	// deskQueue is how many rows stand beside the review page.
	deskQueue = 30
)

// The parameters of the queue's address.
const (
	stateParam     = "state"
	kindParam      = "kind"
	regionParam    = "region"
	occasionParam  = "occasion"
	keyParam       = "key"
	assuranceParam = "assurance"
	textParam      = "q"
	// queueField carries the address's parameters through forms.
	queueField = "queue"
)

var (
	stateLabels = map[storage.QueueState]string{
		storage.QueueAll: "全部", storage.QueueFree: "待领取", storage.QueueMine: "我办理的", storage.QueueSecond: "待复核", storage.QueueOverdue: "已超时",
	}
	occasions      = []storage.Occasion{storage.FirstFiling, storage.Changed, storage.Corrected, storage.Reopened}
	occasionLabels = map[storage.Occasion]string{
		storage.FirstFiling: "首次", storage.Changed: "变更", storage.Corrected: "补正重提", storage.Reopened: "重新审核",
	}
	assurances = []record.Assurance{record.ByCertificate, record.ByPassword}
)

// queueFilter reads the filter of an address. What is none of the choices counts
// as not chosen.
func queueFilter(values url.Values) storage.QueueFilter {
	f := storage.QueueFilter{
		State: storage.QueueState(values.Get(stateParam)), Kind: record.Kind(values.Get(kindParam)), Occasion: storage.Occasion(values.Get(occasionParam)),
		KeyChange: values.Get(keyParam) == "on", Assurance: record.Assurance(values.Get(assuranceParam)), Text: cut(form.Clean(values.Get(textParam)), maxSearch),
	}
	if _, ok := stateLabels[f.State]; !ok {
		f.State = storage.QueueAll
	}
	if _, ok := record.DefinitionOf(f.Kind); !ok {
		f.Kind = ""
	}
	if !slices.Contains(occasions, f.Occasion) {
		f.Occasion = ""
	}
	if !slices.Contains(assurances, f.Assurance) {
		f.Assurance = ""
	}
	if region := record.RegionDigits(values.Get(regionParam)); record.RegionOf(region) != "" {
		f.Region = region
	}
	return f
}

// filterQuery is the filter as an address carries it.
func filterQuery(f storage.QueueFilter) url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		stateParam: string(f.State), kindParam: string(f.Kind), regionParam: f.Region, occasionParam: string(f.Occasion),
		assuranceParam: string(f.Assurance), textParam: f.Text,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if f.KeyChange {
		values.Set(keyParam, "on")
	}
	return values
}

func queuePath(f storage.QueueFilter) string { return withQuery("/staff", filterQuery(f)) }

// reviewPath is the review page of a task, to which the filter goes along.
func reviewPath(id record.ID, f storage.QueueFilter) string {
	return withQuery("/staff/reviews/"+string(id), filterQuery(f))
}

// addressed are the parameters of the visit's own address.
func (v *visit) addressed() url.Values {
	values, err := url.ParseQuery(string(v.Request().URI().QueryString()))
	if err != nil {
		return url.Values{} // half of an address says nothing
	}
	return values
}

// carriedFilter is the filter that a form carries along.
func carriedFilter(values url.Values) storage.QueueFilter {
	query, err := url.ParseQuery(values.Get(queueField))
	if err != nil {
		return storage.QueueFilter{}
	}
	return queueFilter(query)
}

// taskTag is what kind of filing a review is about.
func taskTag(t storage.ReviewTask) view.Tag {
	switch {
	case t.Second:
		return view.Tag{Text: "待复核", Tone: view.Warn}
	case t.Occasion == storage.Corrected:
		return view.Tag{Text: "补正重提", Tone: view.Info}
	case t.Occasion == storage.Reopened:
		return view.Tag{Text: "重新审核", Tone: view.Warn}
	case t.Occasion == storage.Changed:
		return view.Tag{Text: t.Kind.Label() + "变更"}
	case t.Kind.Profile():
		return view.Tag{Text: "首次登记", Tone: view.Info}
	}
	return view.Tag{Text: "新增" + t.Kind.Label(), Tone: view.Info}
}

// taskMarks are what else is to be known of a filing before it is opened.
func taskMarks(t storage.ReviewTask) []view.Tag {
	var marks []view.Tag
	if t.Second || t.Occasion == storage.Corrected || t.Occasion == storage.Reopened {
		marks = append(marks, view.Tag{Text: t.Kind.Label()})
	}
	if t.Sampled {
		marks = append(marks, view.Tag{Text: "抽查", Tone: view.Warn})
	}
	if t.Assurance == record.ByCertificate {
		marks = append(marks, view.Tag{Text: "CA 证书"})
	}
	return marks
}

// rows draws tasks; current is the one that is open beside them.
func (s *Server) rows(v *visit, tasks []storage.ReviewTask, f storage.QueueFilter, current record.ID) ([]view.ReviewTask, error) {
	ids := make([]record.ID, 0, len(tasks))
	for _, t := range tasks {
		ids = append(ids, t.Subject)
	}
	subjects, err := s.Store.SubjectsByID(v.ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]view.ReviewTask, 0, len(tasks))
	for _, t := range tasks {
		row := view.ReviewTask{
			ID: string(t.ID), Href: reviewPath(t.ID, f), Subject: t.Name, Filed: filedOf(t.Kind, t.Title), Code: shownCode(subjects[t.Subject]),
			Kind: taskTag(t), Marks: taskMarks(t), Key: t.KeyChange, FiledAt: t.OpenedAt, Due: t.DueAt,
			ClaimedBy: t.ClaimedName, GivenTo: t.AssignedName, Current: t.ID == current,
			Mine: t.Holder() == v.staff.ID, Decided: t.DecidedBy != "",
		}
		row.CanTake = t.ClaimedBy == "" && (t.AssignedTo == "" || row.Mine) && !row.Decided
		rows = append(rows, row)
	}
	return rows, nil
}

// showQueue is the list of what waits for staff.
func showQueue(s *Server, v *visit) error {
	address := v.addressed()
	f := queueFilter(address)
	page, err := s.Store.Queue(v.ctx, v.staff.ID, storage.QueueQuery{Filter: f, After: address.Get("after"), Before: address.Get("before"), Limit: queuePage})
	if err != nil {
		return err
	}
	counts, err := s.Store.QueueCounts(v.ctx, v.staff.ID, f)
	if err != nil {
		return err
	}
	m := view.QueueModel{
		Search: f.Text, State: string(f.State), Query: filterQuery(f).Encode(), Total: counts.States[f.State], AtLeast: counts.AtLeast,
		States: stateTabs(f, counts), Selects: selects(v, f, counts), Active: activeParts(v, f), Batch: string(storage.NewID()),
	}
	if counts.AtLeast {
		m.Total = storage.CountedMatches
	}
	turn := func(direction, cursor string) string {
		if cursor == "" {
			return ""
		}
		values := filterQuery(f)
		values.Set(direction, cursor)
		return withQuery("/staff", values)
	}
	m.NextHref, m.PrevHref = turn("after", page.Next), turn("before", page.Previous)
	if m.Tasks, err = s.rows(v, page.Tasks, f, ""); err != nil {
		return err
	}
	if err := s.addOwn(v, &m); err != nil {
		return err
	}
	p := v.page("审核队列")
	p.Flash = append(p.Flash, noticeEmptied(v, f)...)
	absent, err := s.absenceNotice(v)
	if err != nil {
		return err
	}
	if absent != nil {
		p.Flash = append(p.Flash, *absent)
	}
	suspended, err := s.suspendedNotice(v)
	if err != nil {
		return err
	}
	if suspended != nil {
		p.Flash = append(p.Flash, *suspended)
	}
	return v.render(http.StatusOK, view.QueuePage(p, m))
}

// addOwn adds what is the viewer's own: the filters that they keep, what they
// decided today, and for supervisors to whom they can hand work.
func (s *Server) addOwn(v *visit, m *view.QueueModel) error {
	saved, err := s.Store.SavedFilters(v.ctx, v.staff.ID)
	if err != nil {
		return err
	}
	m.CanSave = m.Query != ""
	for _, kept := range saved {
		on := kept.Query == m.Query
		m.CanSave = m.CanSave && !on
		m.Saved = append(m.Saved, view.SavedFilter{ID: string(kept.ID), Name: kept.Name, Href: "/staff?" + kept.Query, On: on})
	}
	if m.Done, err = s.Store.ReviewedToday(v.ctx, v.staff.ID); err != nil {
		return err
	}
	if v.staff.Role == record.Supervisor && len(m.Tasks) > 0 {
		m.Colleagues, err = s.colleagues(v, nil, "")
	}
	return err
}

func stateTabs(f storage.QueueFilter, counts storage.QueueCounts) []view.Filter {
	var tabs []view.Filter
	for _, state := range storage.QueueStates() {
		other := f
		other.State = state
		tab := view.Filter{Label: stateLabels[state], Href: queuePath(other), Count: -1, On: state == f.State}
		if n, counted := counts.States[state]; counted && !counts.AtLeast {
			tab.Count = n
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

// selects are the parts of the filter, each choice with how much there is of it
// where that is known.
func selects(v *visit, f storage.QueueFilter, counts storage.QueueCounts) []view.Select {
	counted := func(label string, n int) string {
		if counts.Kinds == nil {
			return label
		}
		return v.tr("%s（%d）", v.shown(label), n)
	}
	kinds := view.Select{Name: kindParam, Label: "事项", All: "全部事项", Value: string(f.Kind)}
	for _, kind := range record.Kinds() {
		kinds.Options = append(kinds.Options, view.Option{Value: string(kind), Label: counted(kindName(kind), counts.Kinds[kind])})
	}
	occasion := view.Select{Name: occasionParam, Label: "申报类型", All: "全部类型", Value: string(f.Occasion)}
	for _, o := range occasions {
		occasion.Options = append(occasion.Options, view.Option{Value: string(o), Label: counted(occasionLabels[o], counts.Occasions[o])})
	}
	key := view.Select{Name: keyParam, Label: "关键项", All: "关键项不限", Options: []view.Option{{Value: "on", Label: "含关键项变更"}}}
	if f.KeyChange {
		key.Value = "on"
	}
	assurance := view.Select{Name: assuranceParam, Label: "提交方式", All: "提交方式不限", Value: string(f.Assurance)}
	for _, a := range assurances {
		assurance.Options = append(assurance.Options, view.Option{Value: string(a), Label: view.Assurance(a).Label()})
	}
	return []view.Select{kinds, regionSelect(v, f, counts), occasion, key, assurance}
}

// regionSelect offers the regions from which something waits, and the chosen one.
func regionSelect(v *visit, f storage.QueueFilter, counts storage.QueueCounts) view.Select {
	regions := view.Select{Name: regionParam, Label: "地区", All: "全部地区", Value: f.Region}
	offered := false
	for _, r := range counts.Regions {
		name := record.RegionOf(r.Digits)
		if name == "" {
			continue
		}
		if len(r.Digits) > 2 && r.Digits != f.Region { // what it lies in stands above it
			name = "\u3000" + name[len(record.RegionOf(r.Digits[:len(r.Digits)-2])):]
		}
		regions.Options = append(regions.Options, view.Option{Value: r.Digits, Label: v.tr("%s（%d）", name, r.Count)})
		offered = offered || r.Digits == f.Region
	}
	if f.Region != "" && !offered {
		regions.Options = append(regions.Options, view.Option{Value: f.Region, Label: record.RegionOf(f.Region)})
	}
	return regions
}

// activeParts are the parts of the filter that are set, each with the way to the
// queue without it.
func activeParts(v *visit, f storage.QueueFilter) []view.Filter {
	var parts []view.Filter
	without := func(label string, clear func(*storage.QueueFilter)) {
		other := f
		clear(&other)
		parts = append(parts, view.Filter{Label: label, Href: queuePath(other), Count: -1, On: true})
	}
	if f.Kind != "" {
		without(v.tr("事项：%s", v.shown(kindName(f.Kind))), func(f *storage.QueueFilter) { f.Kind = "" })
	}
	if f.Region != "" {
		without(v.tr("地区：%s", record.RegionOf(f.Region)), func(f *storage.QueueFilter) { f.Region = "" })
	}
	if f.Occasion != "" {
		without(v.tr("类型：%s", v.shown(occasionLabels[f.Occasion])), func(f *storage.QueueFilter) { f.Occasion = "" })
	}
	if f.KeyChange {
		without("含关键项变更", func(f *storage.QueueFilter) { f.KeyChange = false })
	}
	if f.Assurance != "" {
		without(v.tr("提交方式：%s", v.shown(view.Assurance(f.Assurance).Label())), func(f *storage.QueueFilter) { f.Assurance = "" })
	}
	if f.Text != "" {
		without(v.tr("搜索：%s", f.Text), func(f *storage.QueueFilter) { f.Text = "" })
	}
	return parts
}

// saveFilter keeps the filter that the queue has under a name.
func saveFilter(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	f := carriedFilter(values)
	err = s.Store.SaveFilter(v.ctx, v.staff.ID, values.Get("name"), filterQuery(f).Encode())
	switch {
	case record.CodeOf(err) == record.Invalid:
		v.flash(view.Bad, messageOf(err))
	case err != nil:
		return err
	default:
		v.flash(view.Good, v.tr("已保存筛选“%s”", form.Clean(values.Get("name"))))
	}
	return v.see(queuePath(f))
}

// deleteFilter deletes a filter of the viewer's own.
func deleteFilter(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	if err := s.Store.DeleteFilter(v.ctx, v.staff.ID, id); err != nil {
		return err
	}
	return v.see(queuePath(carriedFilter(values)))
}
