package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"unireg/record/codes"
)

// rooms are the packages whose Chinese a person reads on a page.
var rooms = []string{"web/view", "web", "web/letters", "record", "record/form", "storage", "access", "certificate", "partner", "sheet", "web/static"}

// elsewhere are files whose Chinese goes to paper, to workbooks or to other
// computers: it stays Chinese.
var elsewhere = []string{
	"web/ca_paper.go", "web/exports.go", "web/disclosure_export.go", "web/partner.go", "web/partner_subjects.go", "web/log.go", "sheet/template.go", "sheet/columns.go",
	"web/static/english.js", "storage/apikeys.go", "storage/callbacks.go", "storage/changes.go", "storage/holdings.go", "storage/examination.go",
}

// tables are the code tables whose names are common words. Names of regions,
// industries, kinds of enterprise, ethnic groups and classes of qualification stay
// as the registers have them.
var tables = []*codes.Table{
	codes.BodyTypes, codes.OrganizationRoles, codes.PersonRoles, codes.IDDocumentTypes, codes.Genders, codes.Educations,
	codes.Currencies, codes.QualificationGrades, codes.CertificateStatuses, codes.SafetyCategories, codes.IssuerLevels,
	codes.ContractClasses, codes.AwardLevels, codes.TitleLevels, codes.ProfessionalRegistrationTypes,
}

// source is a sentence or word that wants English.
type source struct {
	text   string
	format bool // it takes values
	files  []string
}

// findings are the sources in the order in which they were found, and Chinese
// that stands where no English can take its place.
type findings struct {
	sources []*source
	faults  []string
	known   map[string]*source
}

// add notes a text if it is Chinese.
func (f *findings) add(text string, format bool, file string) {
	if chinese(text) {
		f.note(text, format, file)
	}
}

// say notes a format that is said through the catalogue, whatever it is made of.
func (f *findings) say(text, file string) { f.note(text, true, file) }

func (f *findings) note(text string, format bool, file string) {
	s := f.known[text]
	if s == nil {
		s = &source{text: text}
		f.known[text] = s
		f.sources = append(f.sources, s)
	}
	s.format = s.format || format
	if !slices.Contains(s.files, file) {
		s.files = append(s.files, file)
	}
}

func (f *findings) fault(file string, line int, text string) {
	f.faults = append(f.faults, fmt.Sprintf("%s:%d: %s", file, line, text))
}

// collect reads the code below root.
func collect(root string) (*findings, error) {
	found := &findings{known: map[string]*source{}}
	for _, room := range rooms {
		entries, err := os.ReadDir(filepath.Join(root, room))
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			name := room + "/" + entry.Name()
			if slices.Contains(elsewhere, name) {
				continue
			}
			if err := found.read(root, name); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for _, table := range tables {
		for _, entry := range table.Entries() {
			found.add(entry.Name, false, "record/codes/data/"+table.Name()+".tsv")
		}
	}
	return found, nil
}

func (f *findings) read(root, name string) error {
	switch {
	case strings.HasSuffix(name, "_test.go"):
		return nil
	case strings.HasSuffix(name, ".go"):
		return f.goFile(root, name)
	case strings.HasPrefix(name, "web/static/") && strings.HasSuffix(name, ".js"):
		return f.module(root, name)
	}
	return nil
}

// wordy tells that a text has characters that are words.
func wordy(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// chinese tells that a text has characters that only Chinese has, punctuation
// among them.
func chinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.Is(unicode.Han, r) || r >= 0x3001 && r <= 0x303F || r >= 0xFF01 && r <= 0xFF60
	})
}
