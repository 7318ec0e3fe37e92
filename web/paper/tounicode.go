package paper

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf16"
)

// gopdf writes a character beyond U+FFFF into the table that maps glyphs back to
// text as <2C029>, where PDF wants UTF-16: <D870DC29>. The page looks right, but
// who copies or searches a rare name, or has it read aloud, gets another. What
// follows mends that table and the offsets behind it.
var (
	unicodeTable = regexp.MustCompile(`(?s)<<\n/Length (\d+)\n>>\nstream\n(/CIDInit .*?end end\n)endstream`)
	longTarget   = regexp.MustCompile(`(<[0-9A-F]{4}><[0-9A-F]{4}>)<([0-9A-F]{5,6})>`)
	objectStart  = regexp.MustCompile(`(?m)^(\d+) 0 obj$`)
	tableOfFile  = regexp.MustCompile(`(?s)xref\n0 (\d+)\n.*?trailer\n`)
	startOfTable = regexp.MustCompile(`startxref\n\d+\n`)
)

func mendUnicode(pdf []byte) ([]byte, error) {
	mended := unicodeTable.ReplaceAllFunc(pdf, func(object []byte) []byte {
		body := unicodeTable.FindSubmatch(object)[2]
		body = longTarget.ReplaceAllFunc(body, func(entry []byte) []byte {
			parts := longTarget.FindSubmatch(entry)
			code, err := strconv.ParseUint(string(parts[2]), 16, 32)
			if err != nil {
				return entry // five or six hexadecimal digits always parse
			}
			high, low := utf16.EncodeRune(rune(code))
			return fmt.Appendf(nil, "%s<%04X%04X>", parts[1], high, low)
		})
		return fmt.Appendf(nil, "<<\n/Length %d\n>>\nstream\n%sendstream", len(body), body)
	})
	return mendOffsets(mended)
}

// mendOffsets writes the table of objects anew. Streams of fonts and contents
// are compressed and could by chance look like an object's first line: only the
// line with the number that comes next counts.
func mendOffsets(pdf []byte) ([]byte, error) {
	at := bytes.LastIndex(pdf, []byte("\nxref\n0 ")) + 1
	table := tableOfFile.FindSubmatchIndex(pdf[at:])
	if at == 0 || table == nil {
		return nil, fmt.Errorf("mend PDF: no table of objects")
	}
	count, err := strconv.Atoi(string(pdf[at+table[2] : at+table[3]]))
	if err != nil {
		return nil, fmt.Errorf("mend PDF: %w", err)
	}
	var out bytes.Buffer
	out.Write(pdf[:at])
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", count)
	next := 1
	for _, object := range objectStart.FindAllSubmatchIndex(pdf[:at], -1) {
		if string(pdf[object[2]:object[3]]) != strconv.Itoa(next) {
			continue
		}
		fmt.Fprintf(&out, "%010d 00000 n \n", object[0])
		next++
	}
	if next != count {
		return nil, fmt.Errorf("mend PDF: found %d of %d objects", next-1, count-1)
	}
	out.WriteString("trailer\n")
	out.Write(startOfTable.ReplaceAll(pdf[at+table[1]:], fmt.Appendf(nil, "startxref\n%d\n", at)))
	return out.Bytes(), nil
}
