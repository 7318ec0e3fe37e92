// Package initials reads Chinese names by the first letters of their pinyin, by
// which people search code tables. It serves whoever writes a table, when it is
// generated and when it is imported: the tables keep the letters, so that the
// domain needs no dictionary.
package initials

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
)

// readings holds the words in which a character is not read as the dictionary's
// first reading says, with their initials.
var readings = map[string]string{
	"长": "c", "长子": "zz", "重庆": "cq", "厦门": "xm", "单县": "sx", "行业": "hy", "闵行": "mh",
	"乐清": "yq", "伽师": "js", "召陵": "sl", "红寺堡": "hsp", "大埔": "db", "尉犁": "yl", "繁峙": "fs",
	"龙圩": "lx", "枞阳": "zy", "泊头": "bt", "泌阳": "by", "洪洞": "ht", "浚县": "xx", "涡阳": "gy",
	"犍为": "qw", "番禺": "py", "筠连": "jl", "给水": "js", "茄子河": "qzh", "荥经": "yj", "蔚县": "yx",
	"藏": "z", "冷藏": "lc", "覃塘": "qt", "空调": "kt", "轧钢": "zg", "铅山": "ys", "东阿": "de",
	"黄陂": "hp", "宝坻": "bd", "曾都": "zd", "畜牧": "xm", "崆峒": "kt",
}

// longest is the length in characters of the longest word in readings.
var longest = func() int {
	n := 0
	for word := range readings {
		n = max(n, utf8.RuneCountInString(word))
	}
	return n
}()

// Of is the first letter of each character's pinyin, lower case. ASCII letters
// and digits stand for themselves; punctuation is left out. A character that the
// dictionary does not read is an error.
func Of(name string) (string, error) {
	var b strings.Builder
	for rest := []rune(name); len(rest) > 0; {
		if n, letters := reading(rest); n > 0 {
			b.WriteString(letters)
			rest = rest[n:]
			continue
		}
		r := rest[0]
		rest = rest[1:]
		switch {
		case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(unicode.ToLower(r))
		case unicode.Is(unicode.Han, r):
			read := pinyin.SinglePinyin(r, pinyin.NewArgs())
			if len(read) == 0 {
				return "", fmt.Errorf("no reading of %q in %s", r, name)
			}
			b.WriteByte(read[0][0])
		}
	}
	return b.String(), nil
}

// reading finds the longest word of readings that the text begins with.
func reading(text []rune) (length int, letters string) {
	for n := min(longest, len(text)); n > 0; n-- {
		if letters, ok := readings[string(text[:n])]; ok {
			return n, letters
		}
	}
	return 0, ""
}
