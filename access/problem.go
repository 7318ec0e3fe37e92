package access

import (
	_ "embed"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The length of a password in characters.
const (
	minPassword = 8
	maxPassword = 128
)

// The passwords that everybody tries first. common_passwords.txt lists them
// whole; every stem with a tail behind it, or before it, is one too (some
// 70,000 in all). The lists were composed for this program from generally known
// habits: English and Chinese words in pinyin, family names, cities, this
// trade's words, runs on the keyboard, lucky numbers, years.
//
//go:embed common_passwords.txt
var commonPasswords string

//go:embed common_stems.txt
var commonStems string

//go:embed common_tails.txt
var commonTails string

var (
	common = set(commonPasswords)
	stems  = set(commonStems)
	tails  = set(commonTails)
)

func set(lines string) map[string]bool {
	words := strings.Fields(lines)
	all := make(map[string]bool, len(words))
	for _, w := range words {
		all[w] = true
	}
	return all
}

// PasswordProblem returns what keeps a password from being chosen, in the
// person's language, or "". names are what it may not repeat: the account's
// name and code. No mix of kinds of characters is demanded: length and being
// uncommon are what helps (NIST SP 800-63B).
func PasswordProblem(password string, names ...string) string {
	if !utf8.ValidString(password) {
		return "密码含有无法识别的字符，请重新输入"
	}
	if len(password) > maxPasswordBytes {
		return "密码不能超过 128 个字符"
	}
	password = normalize(password)
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return "密码至少 8 个字符"
	case n > maxPassword:
		return "密码不能超过 128 个字符"
	case strings.ContainsFunc(password, unicode.IsControl):
		return "密码含有无法识别的字符，请重新输入"
	}
	folded := strings.ToLower(password)
	switch {
	case repeatsName(folded, names):
		return "密码不能包含单位名称、姓名、代码或证件号码，请换一个"
	case periodic(folded):
		return "密码只是几个字符的重复，请换一个"
	case common[folded] || composed(folded):
		return "这是常见密码，容易被猜中，请换一个"
	case onRows(folded):
		return "密码是键盘或数字上连续的字符，请换一个"
	case personal(folded):
		return "密码不能只是生日或手机号码，请换一个"
	}
	return ""
}

// repeatsName reports whether the password holds a name, or is the end of one
// as people shorten their codes.
func repeatsName(password string, names []string) bool {
	for _, name := range names {
		name = strings.ToLower(normalize(strings.TrimSpace(name)))
		if name == "" {
			continue
		}
		rest := strings.Replace(password, name, "", 1)
		// A short name inside a long password is no harm.
		if rest != password && utf8.RuneCountInString(rest) < minPassword || strings.HasSuffix(name, password) {
			return true
		}
	}
	return false
}

// composed reports whether the password is a common stem with a common tail.
func composed(password string) bool {
	for i := range password {
		head, rest := password[:i], password[i:]
		if stems[head] && (tails[rest] || stems[rest]) || tails[head] && stems[rest] {
			return true
		}
	}
	return false
}

// periodic reports whether the password repeats a unit of at most four
// characters: 11111111, abababab, 12341234.
func periodic(password string) bool {
	runes := []rune(password)
	for period := 1; period <= 4; period++ {
		same := true
		for i := period; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-period]
		}
		if same {
			return true
		}
	}
	return false
}

// rows are the characters that lie side by side, on keyboards and in order.
var rows = func() []string {
	forward := []string{
		"01234567890", "abcdefghijklmnopqrstuvwxyz", "`1234567890-=", "~!@#$%^&*()_+", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?",
		"147258369", "789456123", "159357",
	}
	all := make([]string, 0, 2*len(forward))
	for _, row := range forward {
		reversed := make([]byte, len(row))
		for i := range len(row) {
			reversed[len(row)-1-i] = row[i]
		}
		all = append(all, row, string(reversed))
	}
	return all
}()

// onRows reports whether the password is cut from rows in pieces of at least
// four characters; the last piece may be shorter.
func onRows(password string) bool {
	for password != "" {
		n := 1
		for _, row := range rows {
			for n < len(password) && strings.Contains(row, password[:n+1]) {
				n++
			}
		}
		if n < 4 && n < len(password) {
			return false
		}
		password = password[n:]
	}
	return true
}

// personal reports whether the password is nothing but a date of birth or a
// mobile number.
func personal(password string) bool {
	if strings.Trim(password, "0123456789") != "" {
		return false
	}
	switch len(password) {
	case 8:
		born, err := time.Parse("20060102", password)
		return err == nil && born.Year() >= 1900 && born.Year() <= 2100
	case 11:
		return password[0] == '1' && password[1] >= '3'
	}
	return false
}
