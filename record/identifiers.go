package record

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The functions named …Problem judge one identifier as it would be stored: they
// answer "" when it is fine and otherwise a Chinese sentence that says what is
// wrong and how to mend it. NormalizeCode brings what a person typed into the
// stored form first. An empty identifier is a problem too; whether a field may
// stay empty is the form's business.

// NormalizeCode folds a typed code or number: full-width letters and digits to
// half-width, ASCII letters to upper case, and no blanks, hyphens or invisible
// characters at all. It is idempotent.
func NormalizeCode(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // the full-width forms of ! to ~
			r -= '！' - '!'
		}
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Pd, r), r == '−', r == utf8.RuneError, r == 0:
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// creditAlphabet holds the characters of a unified social credit code in the
// order of their values (GB 32100-2015, table 3): no I O S V Z.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var (
	creditWeights       = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	organizationWeights = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
)

// creditBodies holds, for each registering authority (1st character), the kinds
// of body (2nd character) that it registers: GB 32100-2015, tables 1 and 2, with
// amendment 1 of 2016. 5-4, village and residents' committees, is not in the
// tables; civil affairs gives it out since they became special legal persons.
var creditBodies = map[byte]string{
	'1': "1239",   // 机构编制: 机关 事业单位 群众团体 其他
	'2': "19",     // 外交
	'3': "123459", // 司法行政
	'4': "19",     // 文化
	'5': "12349",  // 民政: 社会团体 民办非企业单位 基金会 基层群众性自治组织 其他
	'6': "129",    // 旅游
	'7': "129",    // 宗教
	'8': "19",     // 工会
	'9': "123",    // 工商: 企业 个体工商户 农民专业合作社
	'A': "19",     // 中央军委改革和编制办公室
	'N': "1239",   // 农业: 组级 村级 乡镇级集体经济组织 其他
	'Y': "1",      // 其他
}

// provinceCodes holds the province-level codes of GB/T 2260 that occur in numbers:
// 83 is only in residence permits of Taiwan residents.
var provinceCodes = map[string]bool{
	"11": true, "12": true, "13": true, "14": true, "15": true, "21": true, "22": true, "23": true,
	"31": true, "32": true, "33": true, "34": true, "35": true, "36": true, "37": true,
	"41": true, "42": true, "43": true, "44": true, "45": true, "46": true,
	"50": true, "51": true, "52": true, "53": true, "54": true,
	"61": true, "62": true, "63": true, "64": true, "65": true, "71": true, "81": true, "82": true, "83": true,
}

// CreditCodeProblem judges a 统一社会信用代码 by all of GB 32100-2015: length,
// characters, authority and kind of body, region, the organisation code's own
// check character (GB 11714) and the check character of the whole. Some resident
// identity numbers pass the last check alone.
func CreditCodeProblem(code string) string {
	if code == "" {
		return "请填写统一社会信用代码"
	}
	problem := creditProblem(code)
	if problem == "" {
		return ""
	}
	switch {
	case residentProblem(code) == "":
		return "这是身份证号码，不是统一社会信用代码；自然人请按自然人注册"
	case oldResident(code):
		return "这像是 15 位旧身份证号码，请填写营业执照上的 18 位统一社会信用代码"
	case len(code) == 9 && organizationCheck(code[:8]) == code[8]:
		return "这是 9 位组织机构代码，请填写营业执照上的 18 位统一社会信用代码"
	}
	return problem
}

func creditProblem(code string) string {
	for _, r := range code {
		switch {
		case strings.ContainsRune("IOSVZ", r):
			return fmt.Sprintf("代码中没有字母 I、O、S、V、Z，请核对「%c」是否为数字", r)
		case !strings.ContainsRune(creditAlphabet, r):
			return fmt.Sprintf("代码只含数字和大写字母，请去掉「%c」", r)
		}
	}
	if len(code) != 18 {
		return fmt.Sprintf("统一社会信用代码为 18 位，现在是 %d 位，请对照营业执照核对", len(code))
	}
	bodies, ok := creditBodies[code[0]]
	switch {
	case !ok:
		return fmt.Sprintf("第 1 位「%c」不是登记管理部门代码，请对照营业执照核对", code[0])
	case !strings.Contains(bodies, code[1:2]):
		return fmt.Sprintf("前 2 位「%s」不是有效的机构类别，请对照营业执照核对", code[:2])
	case !allDigits(code[2:8]):
		return "第 3 至 8 位为登记机关的行政区划，只能是数字，请对照营业执照核对"
	case !creditRegion(code):
		return fmt.Sprintf("第 3、4 位「%s」不是省级行政区划，请对照营业执照核对", code[2:4])
	case code[16] != organizationCheck(code[8:16]):
		return "第 17 位（组织机构代码的校验码）不正确，请核对第 9 至 17 位"
	case code[17] != creditCheck(code[:17]):
		return "第 18 位校验码不正确，请对照营业执照核对"
	}
	return ""
}

// creditRegion reports whether the registering authority's region may be: a
// province, 10 for the central government, or 99, under which the Xinjiang
// Production and Construction Corps registers its own institutions.
func creditRegion(code string) bool {
	switch region := code[2:4]; region {
	case "10":
		return true
	case "99":
		return code[0] == '1'
	case "83":
		return false
	default:
		return provinceCodes[region]
	}
}

// creditCheck computes the 18th character from the other 17 (GB 32100-2015,
// 5.6: mod 31). Characters outside the alphabet count nothing.
func creditCheck(first17 string) byte {
	sum := 0
	for i, weight := range creditWeights {
		sum += max(0, strings.IndexByte(creditAlphabet, first17[i])) * weight
	}
	return creditAlphabet[(31-sum%31)%31]
}

// organizationCheck computes the 9th character of an organisation code from the
// other 8 (GB 11714-1997: mod 11, X for 10; here all letters have values).
func organizationCheck(first8 string) byte {
	sum := 0
	for i, weight := range organizationWeights {
		value := int(first8[i] - '0')
		if first8[i] >= 'A' {
			value = int(first8[i]-'A') + 10
		}
		sum += value * weight
	}
	return "0X987654321"[sum%11]
}

// NewCreditCode makes a code that passes every check, for demonstration data and
// tests: authority and kind of body ("91"), six digits of region, eight
// characters of organisation code. It answers "" when a part has another length
// or a character that codes do not have.
func NewCreditCode(authorityAndBody, region, serial8 string) string {
	code := authorityAndBody + region + serial8
	if len(authorityAndBody) != 2 || len(region) != 6 || len(serial8) != 8 || strings.Trim(code, creditAlphabet) != "" {
		return ""
	}
	code += string(organizationCheck(serial8))
	return code + string(creditCheck(code))
}

// ResidentIDProblem judges a 公民身份号码 by GB 11643-1999: length, digits,
// province, birth date and check character; x passes for X. today is any
// instant of the day by which the birth date must lie in the past; the zero time
// leaves that out. County codes are not looked up: old cards keep retired ones.
func ResidentIDProblem(number string, today time.Time) string {
	if number == "" {
		return "请填写身份证号码"
	}
	if oldResident(number) {
		return "这是 15 位旧号码，请填写现行的 18 位身份证号码"
	}
	if problem := residentProblem(number); problem != "" {
		return problem
	}
	if born, _ := ResidentIDBirthDate(number); !today.IsZero() && born.Format(time.DateOnly) > today.In(Shanghai).Format(time.DateOnly) {
		return fmt.Sprintf("号码中的出生日期 %s 晚于今天，请对照身份证核对", born.Format(time.DateOnly))
	}
	return ""
}

func residentProblem(number string) string {
	if n := utf8.RuneCountInString(number); n != 18 {
		return fmt.Sprintf("身份证号码为 18 位，现在是 %d 位，请对照身份证核对", n)
	}
	if len(number) != 18 || !allDigits(number[:17]) || !strings.ContainsRune("0123456789Xx", rune(number[17])) {
		return "身份证号码前 17 位为数字，最后一位为数字或 X，请对照身份证核对"
	}
	if !provinceCodes[number[:2]] {
		return fmt.Sprintf("身份证号码前 2 位「%s」不是省级行政区划，请对照身份证核对", number[:2])
	}
	born, err := time.Parse("20060102", number[6:14])
	if err != nil || born.Year() < 1900 {
		return fmt.Sprintf("第 7 至 14 位「%s」不是出生日期，请对照身份证核对", number[6:14])
	}
	if residentCheck(number[:17]) != strings.ToUpper(number[17:])[0] {
		return "最后一位校验码不正确，请对照身份证核对"
	}
	return ""
}

// residentCheck computes the 18th character (ISO 7064, mod 11-2).
func residentCheck(first17 string) byte {
	sum := 0
	for i := range first17 {
		sum = (sum + int(first17[i]-'0')) * 2 % 11
	}
	return "10X98765432"[sum]
}

// oldResident recognises a number of the first generation: 15 digits, the birth
// date without its century.
func oldResident(number string) bool {
	if len(number) != 15 || !allDigits(number) || !provinceCodes[number[:2]] {
		return false
	}
	_, err := time.Parse("20060102", "19"+number[6:12])
	return err == nil
}

// NewResidentID makes a number that passes every check, for demonstration data
// and tests: six digits of region, the birth date as 20060102, three digits of
// sequence, of which the last is odd for men. It answers "" when a part is not so.
func NewResidentID(region6, birth8, seq3 string) string {
	number := region6 + birth8 + seq3
	if len(region6) != 6 || len(birth8) != 8 || len(seq3) != 3 || !allDigits(number) {
		return ""
	}
	return number + string(residentCheck(number))
}

// ResidentIDBirthDate reads the birth date, midnight UTC as civil dates are, and
// whether the number is sound.
func ResidentIDBirthDate(number string) (time.Time, bool) {
	if residentProblem(number) != "" {
		return time.Time{}, false
	}
	born, err := time.Parse("20060102", number[6:14])
	return born, err == nil
}

// ResidentIDGender reads the sex as GB/T 2261.1 codes it, 1 male and 2 female;
// "" when the number is not sound.
func ResidentIDGender(number string) string {
	switch {
	case residentProblem(number) != "":
		return ""
	case (number[16]-'0')%2 == 1:
		return "1"
	default:
		return "2"
	}
}

var (
	otherDocumentPattern = regexp.MustCompile(`^[0-9A-Z]{5,30}$`)
	mobilePattern        = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	// Area codes of two digits after the 0 have eight-digit numbers; 400 and 800
	// have no area code. An extension may follow.
	landlinePattern = regexp.MustCompile(`^((0(10|2[0-9])-?[2-9][0-9]{7}|0[3-9][0-9]{2}-?[2-9][0-9]{6,7}|\(0[0-9]{2,3}\)[2-9][0-9]{6,7})(-[0-9]{1,6})?|[48]00-?[0-9]{3}-?[0-9]{4})$`)
	domainPattern   = regexp.MustCompile(`^([0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)+[A-Za-z][0-9A-Za-z-]{0,61}[0-9A-Za-z]$`)
	postcodePattern = regexp.MustCompile(`^[0-9]{6}$`)
)

// OtherDocumentProblem judges the number of any document but the resident
// identity card, such as a passport.
func OtherDocumentProblem(number string) string {
	if !otherDocumentPattern.MatchString(number) {
		return "证件号码为 5 至 30 位数字和大写字母，请对照证件核对"
	}
	return ""
}

// MobileProblem judges a mobile number of the mainland.
func MobileProblem(number string) string {
	switch {
	case mobilePattern.MatchString(number):
		return ""
	case allDigits(number) && number != "" && len(number) != 11:
		return fmt.Sprintf("手机号码为 11 位数字，现在是 %d 位，请核对", len(number))
	default:
		return "手机号码为 11 位数字，以 13 至 19 开头，例如 13800138000"
	}
}

// PhoneProblem judges a mobile or a landline number, the latter with its area
// code.
func PhoneProblem(number string) string {
	if mobilePattern.MatchString(number) || landlinePattern.MatchString(number) {
		return ""
	}
	return "请填写 11 位手机号码，或带区号的固定电话，例如 0731-84445555"
}

// EmailProblem judges an addr-spec (RFC 5322, 3.4.1) whose domain is a name with
// a dot. Quoted and non-ASCII addresses are refused: mail to them gets lost.
func EmailProblem(address string) string {
	const problem = "电子邮箱格式不正确，例如 name@example.com"
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address || len(address) > 254 || strings.ContainsRune(address, '"') {
		return problem
	}
	at := strings.LastIndexByte(address, '@')
	if at > 64 || !domainPattern.MatchString(address[at+1:]) || strings.ContainsFunc(address, func(r rune) bool { return r > unicode.MaxASCII }) {
		return problem
	}
	return ""
}

// PostcodeProblem judges a postcode.
func PostcodeProblem(code string) string {
	if !postcodePattern.MatchString(code) || code == "000000" {
		return "邮编为 6 位数字，例如 410000"
	}
	return ""
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
