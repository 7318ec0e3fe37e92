package view

import "strings"

// deskPage is a page that the top bar of the staff leads to.
type deskPage struct {
	Link

	// bar tells that it stands in the bar itself, where there is room for five or
	// six; the others are under 更多.
	bar bool
	// supervisor tells that only supervisors have it.
	supervisor bool
}

// deskPages are all of them, in their order.
var deskPages = []deskPage{
	{Link: Link{Href: "/staff", Text: "审核"}, bar: true},
	{Link: Link{Href: "/staff/subjects", Text: "单位库"}, bar: true},
	{Link: Link{Href: "/staff/withdrawals", Text: "作废与恢复"}, bar: true},
	{Link: Link{Href: "/staff/applications", Text: "CA 督办"}, bar: true},
	{Link: Link{Href: "/staff/statistics", Text: "统计"}, bar: true},
	{Link: Link{Href: "/staff/claims", Text: "占用申诉"}, supervisor: true},
	{Link: Link{Href: "/staff/calendar", Text: "时限与日历"}},
	{Link: Link{Href: "/staff/absences", Text: "离岗人员的件"}, supervisor: true},
	{Link: Link{Href: "/staff/phrases", Text: "常用意见"}},
	{Link: Link{Href: "/staff/members", Text: "工作人员"}, supervisor: true},
	{Link: Link{Href: "/staff/interfaces", Text: "接口与订阅"}, supervisor: true},
	{Link: Link{Href: "/staff/log", Text: "操作日志"}},
}

// deskLinks are the pages of the bar, or those under 更多, that the viewer has.
func (p Page) deskLinks(bar bool) []Link {
	var links []Link
	for _, page := range deskPages {
		if page.bar == bar && (!page.supervisor || p.Viewer.Supervisor) {
			links = append(links, page.Link)
		}
	}
	return links
}

// section is the page of the top bar to which this one belongs, "" for none.
func (p Page) section() string {
	path, _, _ := strings.Cut(p.Path, "?")
	if path == "/staff" || strings.HasPrefix(path, "/staff/reviews") || strings.HasPrefix(path, "/staff/queue") {
		return "/staff"
	}
	for _, page := range deskPages {
		if page.Href != "/staff" && (path == page.Href || strings.HasPrefix(path, page.Href+"/")) {
			return page.Href
		}
	}
	return ""
}

// inMore tells that this page is one of those under 更多.
func (p Page) inMore() bool {
	section := p.section()
	for _, link := range p.deskLinks(false) {
		if link.Href == section {
			return true
		}
	}
	return false
}
