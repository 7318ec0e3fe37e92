package record

import (
	"strings"
	"testing"
	"time"
)

var fifthOfMarch = time.Date(2026, 3, 5, 9, 0, 0, 0, Shanghai)

func TestNormalizeCode(t *testing.T) {
	for typed, want := range map[string]string{
		"  9143 0100-ma4l 1234 ": "91430100MA4L1234",
		"９１４３０１００ＭＡ４Ｌ":           "91430100MA4L",
		"11010519491231002x":     "11010519491231002X",
		"１３８—００１３－８０００　":         "13800138000",
		"\u200b91\ufeff43\u00a0": "9143",
		"港澳A1":                   "港澳A1",
		"":                       "",
	} {
		if got := NormalizeCode(typed); got != want {
			t.Errorf("NormalizeCode(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestCreditCodesInUsePass(t *testing.T) {
	for _, code := range []string{
		"91330100799655058B", "12440300MB2C92173E", "914403001922038216",
		NewCreditCode("91", "430100", "MA4L1234"), NewCreditCode("11", "100000", "00001234"), NewCreditCode("12", "990000", "45780000"),
		NewCreditCode("54", "430104", "MF123456"), NewCreditCode("A1", "110000", "MC123456"), NewCreditCode("N2", "430104", "MF123456"),
		NewCreditCode("Y1", "310000", "MA1HABCD"), NewCreditCode("31", "430000", "MD012345"), NewCreditCode("93", "659001", "MA7XK8P2"),
	} {
		if problem := CreditCodeProblem(code); problem != "" {
			t.Errorf("%s: %s", code, problem)
		}
	}
}

func TestCreditCodeProblemSaysHowToMendIt(t *testing.T) {
	sound := NewCreditCode("91", "430100", "MA4L1234")
	swap := func(at int, c string) string { return sound[:at] + c + sound[at+1:] }
	for name, c := range map[string]struct{ code, says string }{
		"empty":                              {"", "请填写"},
		"17 characters":                      {sound[:17], "18 位，现在是 17 位"},
		"19 characters":                      {sound + "1", "18 位，现在是 19 位"},
		"letter O for zero":                  {swap(5, "O"), "核对「O」是否为数字"},
		"letter Z":                           {swap(17, "Z"), "核对「Z」是否为数字"},
		"lower case":                         {strings.ToLower(sound), "只含数字和大写字母"},
		"Chinese":                            {swap(3, "三"), "请去掉「三」"},
		"authority":                          {NewCreditCode("B1", "430100", "MA4L1234"), "登记管理部门"},
		"authority 0":                        {NewCreditCode("01", "430100", "MA4L1234"), "登记管理部门"},
		"body":                               {NewCreditCode("95", "430100", "MA4L1234"), "机构类别"},
		"body of another authority":          {NewCreditCode("Y2", "430100", "MA4L1234"), "机构类别"},
		"region with a letter":               {NewCreditCode("91", "43A100", "MA4L1234"), "第 3 至 8 位"},
		"no province":                        {NewCreditCode("91", "160100", "MA4L1234"), "省级行政区划"},
		"99 for an enterprise":               {NewCreditCode("91", "990100", "MA7XK8P2"), "「99」"},
		"83 registers nobody":                {NewCreditCode("91", "830100", "MA7XK8P2"), "「83」"},
		"outer check only":                   {swap(17, anotherCharacter(sound[17])), "第 18 位"},
		"the trap: sound 18th, nothing else": {"91990100MA7XK8P2RJ", "「99」"},
		"inner check":                        {withOuterCheck("91430100MA7XK8P2R"), "第 17 位"},
		"a resident's number":                {"11010519491231002X", "身份证号码"},
		"a resident's old number":            {"110105491231002", "15 位旧身份证号码"},
		"an organisation code":               {"799655058", "9 位组织机构代码"},
	} {
		if got := CreditCodeProblem(c.code); !strings.Contains(got, c.says) || got == "" {
			t.Errorf("%s: %q says %q, want %q", name, c.code, got, c.says)
		}
	}
}

// withOuterCheck completes 17 characters with the check character of the whole only.
func withOuterCheck(first17 string) string { return first17 + string(creditCheck(first17)) }

// anotherCharacter is another character of the alphabet.
func anotherCharacter(c byte) string {
	i := (strings.IndexByte(creditAlphabet, c) + 1) % len(creditAlphabet)
	return creditAlphabet[i : i+1]
}

func TestAResidentNumberThatPassesThe18thCharacterIsNoCreditCode(t *testing.T) {
	// One in 31 resident numbers does; find some and see that they are named.
	found := 0
	for day := range 365 {
		birth := time.Date(1980, 1, 1+day, 0, 0, 0, 0, time.UTC).Format("20060102")
		number := NewResidentID("430104", birth, "123")
		if creditCheck(number[:17]) != number[17] {
			continue
		}
		found++
		if got := CreditCodeProblem(number); !strings.Contains(got, "这是身份证号码") {
			t.Errorf("%s: %q", number, got)
		}
	}
	if found == 0 {
		t.Error("no such number within a year")
	}
}

func TestEveryWrongCharacterOfACreditCodeIsFound(t *testing.T) {
	sound := NewCreditCode("91", "430100", "MA4L1234")
	for i := range sound {
		for _, c := range creditAlphabet {
			wrong := sound[:i] + string(c) + sound[i+1:]
			if wrong != sound && CreditCodeProblem(wrong) == "" {
				t.Errorf("%s passes for %s", wrong, sound)
			}
		}
	}
}

func TestNewIdentifiersRefuseMalformedParts(t *testing.T) {
	for _, got := range []string{
		NewCreditCode("9", "430100", "MA4L1234"), NewCreditCode("91", "43010", "MA4L1234"), NewCreditCode("91", "430100", "MA4LI234"),
		NewResidentID("43010", "19900101", "001"), NewResidentID("430104", "1990010a", "001"), NewResidentID("430104", "19900101", "1"),
	} {
		if got != "" {
			t.Errorf("made %q", got)
		}
	}
}

func TestResidentIDs(t *testing.T) {
	flip := func(number string) string { // a wrong check character
		if number[17] == '1' {
			return number[:17] + "2"
		}
		return number[:17] + "1"
	}
	for name, c := range map[string]struct{ number, says string }{
		"the standard's example":      {"11010519491231002X", ""},
		"its other example":           {"440524188001010014", "第 7 至 14 位"}, // 1880: nobody of that year lives
		"small x":                     {"11010519491231002x", ""},
		"county of retired code":      {NewResidentID("110103", "19700101", "011"), ""},
		"leap day":                    {NewResidentID("430104", "20000229", "012"), ""},
		"no leap day in 2001":         {NewResidentID("430104", "20010229", "012"), "第 7 至 14 位"},
		"no leap day in 1900":         {NewResidentID("430104", "19000229", "012"), "第 7 至 14 位"},
		"month 13":                    {NewResidentID("430104", "19901301", "012"), "第 7 至 14 位"},
		"born today":                  {NewResidentID("430104", "20260305", "012"), ""},
		"born tomorrow":               {NewResidentID("430104", "20260306", "012"), "晚于今天"},
		"Hong Kong resident's permit": {NewResidentID("810000", "19900101", "012"), ""},
		"Taiwan resident's permit":    {NewResidentID("830000", "19900101", "012"), ""},
		"no province":                 {NewResidentID("160104", "19900101", "012"), "省级行政区划"},
		"99 is no province":           {NewResidentID("990104", "19900101", "012"), "省级行政区划"},
		"only the check is wrong":     {flip(NewResidentID("430104", "19900101", "012")), "校验码"},
		"16 digits":                   {"1101051949123100", "现在是 16 位"},
		"X in the middle":             {"1101051949123X0021", "前 17 位为数字"},
		"full-width":                  {"１１０１０５１９４９１２３１００２Ｘ", "前 17 位为数字"},
		"first generation":            {"110105491231002", "15 位旧号码"},
		"empty":                       {"", "请填写"},
	} {
		got := ResidentIDProblem(c.number, fifthOfMarch)
		if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q says %q, want %q", name, c.number, got, c.says)
		}
	}
	if got := ResidentIDProblem(NewResidentID("430104", "20990101", "012"), time.Time{}); got != "" {
		t.Errorf("without a today there is no future: %s", got)
	}
	// Midnight in Shanghai begins while it is still yesterday in UTC.
	if got := ResidentIDProblem(NewResidentID("430104", "20260305", "012"), time.Date(2026, 3, 4, 16, 0, 0, 0, time.UTC)); got != "" {
		t.Errorf("today is Shanghai's: %s", got)
	}
}

func TestWhatAResidentNumberTells(t *testing.T) {
	born, ok := ResidentIDBirthDate("11010519491231002x")
	if !ok || !born.Equal(time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("born %v, %v", born, ok)
	}
	for number, want := range map[string]string{
		"11010519491231002X":                       "2",
		NewResidentID("430104", "19900101", "013"): "1",
		"110105194912310021":                       "",
		"":                                         "",
	} {
		if got := ResidentIDGender(number); got != want {
			t.Errorf("%q is of sex %q, want %q", number, got, want)
		}
	}
	if _, ok := ResidentIDBirthDate("110105194912310021"); ok {
		t.Error("an unsound number has no birth date")
	}
}

func TestOtherIdentifiers(t *testing.T) {
	for name, c := range map[string]struct {
		problem     func(string) string
		fine, wrong []string
	}{
		"document": {
			OtherDocumentProblem,
			[]string{"E12345678", "12345", "H1234567800", strings.Repeat("A", 30)},
			[]string{"", "1234", "E1234-567", "e12345678", "护照12345", strings.Repeat("A", 31)},
		},
		"mobile": {
			MobileProblem,
			[]string{"13800138000", "19912345678"},
			[]string{"", "12800138000", "1380013800", "138001380000", "138-0013-8000", "+8613800138000", "1380013800a"},
		},
		"phone": {
			PhoneProblem,
			[]string{"13800138000", "0731-84445555", "073184445555", "010-84445555", "02084445555", "0731-84445555-801", "(0731)84445555", "400-820-8820", "4008208820"},
			[]string{"", "84445555", "0731-444555", "010-8444555", "0131-84445555", "0731-04445555", "0731 84445555"},
		},
		"email": {
			EmailProblem,
			[]string{"a@b.cn", "first.last+tag@mail.example.com.cn", "x_y-z@163.com"},
			[]string{
				"", "a", "a@b", "a@@b.cn", "a@b.c", "@b.cn", "a@.cn", "a@b.cn ", "张三 <a@b.cn>", "<a@b.cn>", "a b@c.cn", "a@[1.2.3.4]", "张@b.cn", "a@例子.cn", `"a b"@c.cn`, "a@b.cn,c@d.cn",
				"a..b@c.cn", "a@-b.cn", strings.Repeat("a", 65) + "@b.cn", "a@b.cn\nBcc: c@d.cn",
			},
		},
		"postcode": {PostcodeProblem, []string{"410000", "100000", "999077"}, []string{"", "41000", "4100000", "000000", "41000A", "４１００００"}},
	} {
		for _, s := range c.fine {
			if got := c.problem(s); got != "" {
				t.Errorf("%s %q: %s", name, s, got)
			}
		}
		for _, s := range c.wrong {
			if c.problem(s) == "" {
				t.Errorf("%s %q passes", name, s)
			}
		}
	}
}

func FuzzCreditCode(f *testing.F) {
	for _, seed := range []string{"", "91330100799655058B", "91990100MA7XK8P2RJ", "11010519491231002x", "９１４３", "\xff\xfe", "9133 0100-7996"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		normal := NormalizeCode(s)
		if NormalizeCode(normal) != normal {
			t.Errorf("NormalizeCode(%q) is not idempotent", s)
		}
		if CreditCodeProblem(s) == "" && (normal != s || len(s) != 18) {
			t.Errorf("%q passes, but is not as stored", s)
		}
		CreditCodeProblem(normal)
	})
}

func FuzzResidentID(f *testing.F) {
	for _, seed := range []string{"", "11010519491231002X", "11010519491231002x", "110105491231002", "４３０１", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sound := ResidentIDProblem(s, fifthOfMarch) == ""
		born, ok := ResidentIDBirthDate(s)
		if sound && (!ok || born.After(fifthOfMarch) || ResidentIDGender(s) == "") {
			t.Errorf("%q is sound, born %v, %v", s, born, ok)
		}
		if sound && ResidentIDProblem(NormalizeCode(s), fifthOfMarch) != "" {
			t.Errorf("%q is sound, but not when normalised", s)
		}
	})
}
