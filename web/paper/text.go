package paper

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

var (
	fontResource = regexp.MustCompile(`/F(\d+) (\d+) 0 R`)
	toUnicode    = regexp.MustCompile(`/ToUnicode (\d+) 0 R`)
	tableEntry   = regexp.MustCompile(`<([0-9A-F]{4})><[0-9A-F]{4}><((?:[0-9A-F]{4})+)>`)
	pageContent  = regexp.MustCompile(`(?s)/Filter ?/FlateDecode\n?.{0,40}?>>\nstream\n`)
	shownText    = regexp.MustCompile(`(?s)/F(\d+) [0-9.]+ Tf.*?\[<([0-9A-F]*)>\] TJ`)
)

// Text returns the words of a paper that this package printed, a line for each
// piece of text, read back as any reader of PDF does: through the tables that
// map glyphs to characters. It is for checks of our own papers, not for other
// people's files.
func Text(pdf []byte) (string, error) {
	tables := map[string]map[string]string{}
	for _, resource := range fontResource.FindAllSubmatch(pdf, -1) {
		table, err := glyphTable(pdf, string(resource[2]))
		if err != nil {
			return "", err
		}
		tables[string(resource[1])] = table
	}
	var words strings.Builder
	for _, at := range pageContent.FindAllIndex(pdf, -1) {
		reader, err := zlib.NewReader(bytes.NewReader(pdf[at[1]:]))
		if err != nil {
			continue // a stream of another kind
		}
		content, err := io.ReadAll(reader)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return "", fmt.Errorf("read page: %w", err)
		}
		for _, shown := range shownText.FindAllSubmatch(content, -1) {
			for glyphs := string(shown[2]); len(glyphs) >= 4; glyphs = glyphs[4:] {
				words.WriteString(tables[string(shown[1])][glyphs[:4]])
			}
			words.WriteByte('\n')
		}
	}
	return words.String(), nil
}

// glyphTable reads the table of a font object: from a glyph's four digits to
// its character.
func glyphTable(pdf []byte, fontObject string) (map[string]string, error) {
	reference := toUnicode.FindSubmatch(object(pdf, fontObject))
	if reference == nil {
		return nil, fmt.Errorf("font %s has no table of characters", fontObject)
	}
	table := map[string]string{}
	for _, entry := range tableEntry.FindAllSubmatch(object(pdf, string(reference[1])), -1) {
		raw, err := hex.DecodeString(string(entry[2]))
		if err != nil {
			return nil, fmt.Errorf("table of characters: %w", err)
		}
		units := make([]uint16, 0, len(raw)/2)
		for i := 0; i < len(raw); i += 2 {
			units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
		}
		table[string(entry[1])] = string(utf16.Decode(units))
	}
	return table, nil
}

// object is an object's bytes, found by the table at the end of the file, so
// that a wrong offset shows.
func object(pdf []byte, number string) []byte {
	no, err := strconv.Atoi(number)
	at := bytes.LastIndex(pdf, []byte("\nxref\n0 "))
	if err != nil || at < 0 {
		return nil
	}
	lines := strings.Split(string(pdf[at+1:]), "\n")
	if no+2 >= len(lines) || len(lines[no+2]) < 10 {
		return nil
	}
	offset, err := strconv.Atoi(lines[no+2][:10])
	if err != nil || offset >= len(pdf) || !bytes.HasPrefix(pdf[offset:], []byte(number+" 0 obj\n")) {
		return nil
	}
	body, _, _ := bytes.Cut(pdf[offset:], []byte("\nendobj"))
	return body
}
