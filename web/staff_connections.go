package web

import (
	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// connectionsNamed is how many connected organizations have a check of their own; the
// others are counted in one.
const connectionsNamed = 5

// connectionChecks say with which other organizations a filed one is connected, and
// whether the members of a consortium are registered under the names that were
// filed. Neither is a fault: whoever decides, and whoever holds a tender, should
// know. Only staff read it.
func (s *Server) connectionChecks(v *visit, r storage.Review) ([]view.Check, error) {
	switch d := r.Submitted.Document.(type) {
	case *record.OrganizationDocument:
		found, err := s.Store.Connected(v.ctx, r.Subject.ID, d)
		return connectedWith(v, found), err
	case *record.PerformanceDocument:
		return s.memberChecks(v, d)
	}
	return nil, nil
}

func connectedWith(v *visit, found []storage.Connected) []view.Check {
	if len(found) == 0 {
		return []view.Check{{Tone: view.Good, Text: "没有发现与其他单位的关联关系", Note: "已比对法定代表人、关联人和关联单位"}}
	}
	var checks []view.Check
	for _, c := range found[:min(len(found), connectionsNamed)] {
		check := view.Check{
			Tone: view.Info, Text: "与其他单位有关联：" + c.Connections[0].Kind.Label(), Href: staffRecordPath(c.Record),
			Note: v.tr("%s（%s），%s", c.Subject.Name, c.Subject.Code, v.shown(c.State.Label())),
		}
		for _, connection := range c.Connections {
			check.Facts = append(check.Facts, view.Fact{Name: connection.Kind.Label(), Text: connectionText(v, connection)})
		}
		checks = append(checks, check)
	}
	if more := found[len(checks):]; len(more) > 0 {
		check := view.Check{Tone: view.Info, Text: v.tr("另有 %d 个单位与本单位有关联", len(more))}
		for _, c := range more {
			check.Facts = append(check.Facts, view.Fact{Name: c.Connections[0].Kind.Label(), Text: v.tr("%s（%s）", c.Subject.Name, c.Subject.Code)})
		}
		checks = append(checks, check)
	}
	return checks
}

// connectionText says what connects two organizations: what somebody is to either,
// or what one is to the other.
func connectionText(v *visit, c record.Connection) string {
	here, there := v.shown(record.RelationNames(c.Here)), v.shown(record.RelationNames(c.There))
	switch {
	case c.There[0].Code == record.RelationSelf:
		return v.tr("对方是本单位的%s", here)
	case c.Here[0].Code == record.RelationSelf:
		return v.tr("本单位是对方的%s", there)
	}
	return v.tr("%s，本单位的%s，对方的%s", c.Shown, here, there)
}

// memberChecks compares the members of a consortium with what is in force.
func (s *Server) memberChecks(v *visit, d *record.PerformanceDocument) ([]view.Check, error) {
	if len(d.Members) == 0 {
		return nil, nil
	}
	codes := make([]string, 0, len(d.Members))
	for _, m := range d.Members {
		codes = append(codes, m.Unit.Code)
	}
	known, err := s.Store.KnownOrganizations(v.ctx, codes)
	if err != nil {
		return nil, err
	}
	check := view.Check{Tone: view.Good, Text: "已登记的联合体成员与填报的名称一致"}
	for _, m := range d.Members {
		reference, registered := known[m.Unit.Code]
		fact := view.Fact{Name: m.Unit.Code, Text: v.tr("%s，未在本系统登记", m.Name)}
		switch {
		case !registered:
		case record.SameName(m.Name, reference.Name):
			fact.Text = v.tr("%s，已登记", m.Name)
		default:
			check.Tone, check.Text = view.Info, "联合体成员的名称与登记的不一致"
			fact.Text = v.tr("%s，登记为“%s”", m.Name, reference.Name)
		}
		check.Facts = append(check.Facts, fact)
	}
	return []view.Check{check}, nil
}
