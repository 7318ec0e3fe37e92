package web

import (
	"net/url"
	"slices"
	"time"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// showRecentDisclosure lists what took effect, changed, was voided and restored in
// the last days, by day.
func showRecentDisclosure(s *Server, v *visit) error {
	if err := v.disclosing("page", openPages); err != nil {
		return err
	}
	v.unindexed()
	kind := record.Kind(v.Query(kindParam))
	if !slices.Contains(record.DisclosedKinds(), kind) {
		kind = ""
	}
	changes, next, err := s.Store.RecentDisclosures(v.ctx, kind, v.Query("after"), recentPage)
	if err != nil {
		return err
	}
	m := view.RecentModel{Days: storage.DisclosedDays, Later: v.Query("after") != ""}
	m.Tabs = append(m.Tabs, view.Option{Value: recentPath("", ""), Label: "全部"})
	for _, k := range record.DisclosedKinds() {
		m.Tabs = append(m.Tabs, view.Option{Value: recentPath(k, ""), Label: disclosedTabs[k]})
	}
	m.Current = recentPath(kind, "")
	if next != "" {
		m.NextHref = recentPath(kind, next)
	}
	for _, change := range changes {
		day := change.At.In(record.Shanghai).Format(time.DateOnly)
		if n := len(m.ByDay); n == 0 || m.ByDay[n-1].Day != day {
			m.ByDay = append(m.ByDay, view.DisclosedDay{Day: day})
		}
		last := &m.ByDay[len(m.ByDay)-1]
		last.Changes = append(last.Changes, v.disclosedChange(change))
	}
	return v.renderOpen(view.RecentPage(v.page("近期公示"), m))
}

// recentPage is how many changes one page lists.
const recentPage = 50

func recentPath(kind record.Kind, after string) string {
	values := url.Values{}
	if kind != "" {
		values.Set(kindParam, string(kind))
	}
	if after != "" {
		values.Set("after", after)
	}
	return withQuery("/disclosure/recent", values)
}

var disclosedTurns = map[storage.DisclosedTurn]view.Tag{
	storage.DisclosedFirst: {Text: "生效", Tone: view.Good}, storage.DisclosedChanged: {Text: "变更", Tone: view.Info},
	storage.DisclosedVoided: {Text: "作废", Tone: view.Bad}, storage.DisclosedAgain: {Text: "恢复", Tone: view.Good},
}

func (v *visit) disclosedChange(c storage.DisclosureChange) view.DisclosedChange {
	change := view.DisclosedChange{
		At: c.At, What: disclosedTurns[c.What], Kind: disclosedTabs[c.Kind], Title: c.Title, Unit: c.Unit, Href: disclosedPath(c.Code), Fields: c.Fields,
	}
	if c.Kind == record.OrganizationProfile {
		change.Kind, change.Title = record.OrganizationProfile.Label(), ""
	}
	return change
}
