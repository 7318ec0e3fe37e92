package web

import (
	"bytes"
	"errors"
	"time"

	"unireg/record"
	"unireg/sheet"
	"unireg/storage"
)

// maxDisclosed is how many lines of a search a workbook holds.
const maxDisclosed = storage.DisclosedPages * listed

// exportDisclosure sends the lines of a search as a workbook, as many as its pages
// show.
func exportDisclosure(s *Server, v *visit) error {
	if err := v.disclosing("export", openExports); err != nil {
		return err
	}
	v.unindexed()
	q := disclosureQuery(v.addressed())
	q.After, q.Before, q.Limit = "", "", maxDisclosed
	page, err := s.Store.Disclosed(v.ctx, q)
	if err != nil {
		return err
	}
	headings := append([]string{record.PublicNamed(q.Kind)}, record.PublicColumns(q.Kind)...)
	if q.Kind != record.OrganizationProfile {
		headings = append(headings, "单位全称", "统一社会信用代码")
	}
	list, err := sheet.NewList("信息公示", append(headings, "状态", "生效日期", "最近变动"))
	if err != nil {
		return err
	}
	for _, line := range page.Lines {
		cells := append([]string{line.Title}, line.Cells...)
		if q.Kind != record.OrganizationProfile {
			cells = append(cells, line.Unit, line.Code)
		}
		day := func(t time.Time) string { return t.In(record.Shanghai).Format(time.DateOnly) }
		if err := list.Add(append(cells, disclosedTag(line).Text, day(line.Since), day(line.ChangedAt))); err != nil {
			return errors.Join(err, list.Close())
		}
	}
	var content bytes.Buffer
	if _, err := list.WriteTo(&content); err != nil {
		return err
	}
	return v.sendWorkbook("信息公示 "+disclosedTabs[q.Kind]+" "+time.Now().In(record.Shanghai).Format(time.DateOnly), &content)
}
