package web

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/record"
	"unireg/sheet"
	"unireg/storage"
)

// exported is how many lines of a list are read at a time.
const exported = 500

// exportRecords sends a list as a workbook: all its lines, of what the list is
// narrowed to. A line holds what the page shows, and so nothing sensitive.
func exportRecords(s *Server, v *visit) error {
	definition, err := v.kindOf(v.Query("kind"))
	if err != nil {
		return err
	}
	content, err := s.export(v, definition)
	if err != nil {
		return err
	}
	return v.sendWorkbook(definition.Label+" "+time.Now().In(record.Shanghai).Format(time.DateOnly), content)
}

func (s *Server) export(v *visit, definition record.Definition) (*bytes.Buffer, error) {
	headings := append(append([]string{definition.Named}, definition.Columns...), "状态", "更新时间")
	list, err := sheet.NewList(definition.Label, headings)
	if err != nil {
		return nil, err
	}
	q := v.listQuery(definition)
	q.After, q.Before, q.Limit = "", "", exported
	for {
		page, err := s.Store.List(v.ctx, q)
		if err != nil {
			return nil, errors.Join(err, list.Close())
		}
		for _, line := range page.Lines {
			shown := lineOf(line, s.Store.Policy(), definition.Kind)
			cells := append(append([]string{line.Title}, line.Cells...), shown.State.Text, line.UpdatedAt.In(record.Shanghai).Format("2006-01-02 15:04"))
			if err := list.Add(cells); err != nil {
				return nil, errors.Join(err, list.Close())
			}
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	var content bytes.Buffer
	if _, err := list.WriteTo(&content); err != nil {
		return nil, err
	}
	return &content, nil
}

// sendWorkbook sends a workbook to be saved under that name.
func (v *visit) sendWorkbook(name string, content *bytes.Buffer) error {
	v.Set(fiber.HeaderContentType, sheet.ContentType)
	v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition(name+sheet.Extension, false))
	return v.send(io.NopCloser(content), int64(content.Len()))
}
