package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"unireg/record"
	"unireg/sheet"
	"unireg/storage"
	"unireg/web/view"
)

const (
	// logged is the number of lines of a page of the log.
	logged = 50
	// maxExportedLog bounds the lines of a workbook.
	maxExportedLog = 50_000
)

// logQuery is what a request narrows the log to. Who is no supervisor sees what
// is their own.
func (v *visit) logQuery() (q storage.LogQuery, group, from, to string) {
	q = storage.LogQuery{After: v.Query("after"), Before: v.Query("before"), Limit: logged}
	if staff := v.Query("staff"); storage.ValidID(staff) {
		q.Staff = record.ID(strings.ToLower(staff))
	}
	if v.staff.Role != record.Supervisor {
		q.Staff = v.staff.ID
	}
	for _, g := range logGroups {
		if g.name == v.Query("type") {
			group, q.Types = g.name, g.types()
		}
	}
	day := func(text string) (time.Time, string) {
		at, err := time.ParseInLocation(time.DateOnly, text, record.Shanghai)
		if err != nil {
			return time.Time{}, ""
		}
		return at, text
	}
	q.From, from = day(v.Query("from"))
	if q.Until, to = day(v.Query("to")); to != "" {
		q.Until = q.Until.AddDate(0, 0, 1)
	}
	return q, group, from, to
}

// showLog is 操作日志, newest first.
func showLog(s *Server, v *visit) error {
	q, group, from, to := v.logQuery()
	page, err := s.Store.StaffLog(v.ctx, q)
	if err != nil {
		return err
	}
	names, err := s.Store.StaffNames(v.ctx)
	if err != nil {
		return err
	}
	boss := v.staff.Role == record.Supervisor
	chosen := ""
	if boss {
		chosen = string(q.Staff)
	}
	address := func(path, direction, cursor string) string {
		values := url.Values{}
		for name, value := range map[string]string{"staff": chosen, "type": group, "from": from, "to": to, direction: cursor} {
			if value != "" {
				values.Set(name, value)
			}
		}
		return withQuery(path, values)
	}
	m := view.LogModel{
		Chosen: chosen, Group: group, From: from, To: to, ExportHref: address("/staff/log/export", "", ""),
		Narrowed: chosen != "" || group != "" || from != "" || to != "", Groups: []view.Option{{Value: "", Label: "全部操作"}},
	}
	for _, g := range logGroups {
		m.Groups = append(m.Groups, view.Option{Value: g.name, Label: g.label})
	}
	if boss {
		m.Staff = staffOptions(names)
	}
	if page.Next != "" {
		m.NextHref = address("/staff/log", "after", page.Next)
	}
	if page.Previous != "" {
		m.PrevHref = address("/staff/log", "before", page.Previous)
	}
	for _, e := range page.Entries {
		m.Rows = append(m.Rows, logRow(v, e, names))
	}
	return v.render(http.StatusOK, view.LogPage(v.page("操作日志"), m))
}

// staffOptions are all staff to choose from, by name.
func staffOptions(names map[record.ID]string) []view.Option {
	all := make([]view.Option, 0, len(names)+1)
	for id, name := range names {
		all = append(all, view.Option{Value: string(id), Label: name})
	}
	slices.SortFunc(all, func(a, b view.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return append([]view.Option{{Value: "", Label: "全部人员"}}, all...)
}

// exportLog sends the log as it is narrowed, as a workbook.
func exportLog(s *Server, v *visit) error {
	v.inChinese()
	q, _, _, _ := v.logQuery()
	q.After, q.Before, q.Limit = "", "", exported
	content, lines, err := s.logWorkbook(v, q)
	if err != nil {
		return err
	}
	v.audit("staff log exported", "staff", v.staffID(), "lines", lines)
	return v.sendWorkbook("操作日志 "+time.Now().In(record.Shanghai).Format(time.DateOnly), content)
}

func (s *Server) logWorkbook(v *visit, q storage.LogQuery) (content *bytes.Buffer, lines int, err error) {
	names, err := s.Store.StaffNames(v.ctx)
	if err != nil {
		return nil, 0, err
	}
	list, err := sheet.NewList("操作日志", []string{"时间", "人员", "角色", "操作", "说明", "记录", "记录编号"})
	if err != nil {
		return nil, 0, err
	}
	for more := true; more; {
		page, err := s.Store.StaffLog(v.ctx, q)
		if err != nil {
			return nil, 0, errors.Join(err, list.Close())
		}
		for _, e := range page.Entries {
			row := logRow(v, e, names)
			what := row.What
			if row.Refused {
				what += "（未生效）"
			}
			cells := []string{
				row.At.In(record.Shanghai).Format(time.DateTime), row.Who, row.Role, what, row.Detail, row.Link.Text, row.RecordID,
			}
			if err := list.Add(cells); err != nil {
				return nil, 0, errors.Join(err, list.Close())
			}
		}
		lines += len(page.Entries)
		q.After, more = page.Next, page.Next != ""
		if more && lines >= maxExportedLog {
			more = false
			if err := list.Add([]string{fmt.Sprintf("只导出了最近的 %d 条，更早的请缩小日期范围后再导出", lines)}); err != nil {
				return nil, 0, errors.Join(err, list.Close())
			}
		}
	}
	content = new(bytes.Buffer)
	if _, err := list.WriteTo(content); err != nil {
		return nil, 0, err
	}
	return content, lines, nil
}
