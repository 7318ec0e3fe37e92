package certificate_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/certificate"
)

var browser = sha256.Sum256([]byte("browser"))

func loginStatement() certificate.Statement {
	return certificate.Statement{
		Purpose: certificate.Login, Origin: "https://reg.example.cn", Nonce: "bm9uY2U",
		Session: base64.RawURLEncoding.EncodeToString(browser[:]), Time: noon,
	}
}

func submitStatement(content []byte) certificate.Statement {
	s := loginStatement()
	digest := sha256.Sum256(content)
	s.Purpose, s.Digest, s.Title = certificate.Submit, hex.EncodeToString(digest[:]), "基本信息"
	return s
}

func encode(t testing.TB, s certificate.Statement) []byte {
	t.Helper()
	encoded, err := s.Bytes()
	require.NoError(t, err)
	return encoded
}

func TestC2StatementBytes(t *testing.T) {
	require.Equal(t, "unireg-statement/1\npurpose: login\norigin: https://reg.example.cn\nnonce: bm9uY2U\n"+
		"session: "+base64.RawURLEncoding.EncodeToString(browser[:])+"\ntime: 2026-11-23T04:00:00Z\ndigest: \ntitle: \n",
		string(encode(t, loginStatement())))
	east := submitStatement(nil)
	east.Time = east.Time.In(time.FixedZone("CST", 8*3600))
	require.Equal(t, encode(t, submitStatement(nil)), encode(t, east), "one instant, one encoding")
	parsed, err := certificate.ParseStatement(encode(t, east))
	require.NoError(t, err)
	require.Equal(t, submitStatement(nil), parsed)
}

func TestC2StatementRefuses(t *testing.T) {
	for name, change := range map[string]func(*certificate.Statement){
		"no purpose":                   func(s *certificate.Statement) { s.Purpose = "" },
		"unknown purpose":              func(s *certificate.Statement) { s.Purpose = "pay" },
		"no origin":                    func(s *certificate.Statement) { s.Origin = "" },
		"no nonce":                     func(s *certificate.Statement) { s.Nonce = "" },
		"line feed in the origin":      func(s *certificate.Statement) { s.Origin += "\ntitle: x" },
		"carriage return in the title": func(s *certificate.Statement) { s.Title += "\rx" },
		"line separator in the title":  func(s *certificate.Statement) { s.Title += "\u2028x" },
		"delete in the nonce":          func(s *certificate.Statement) { s.Nonce += "\x7fx" },
		"C1 control in the title":      func(s *certificate.Statement) { s.Title += "\u0085x" },
		"direction in the title":       func(s *certificate.Statement) { s.Title += "\u202ex" },
		"no UTF-8 in the title":        func(s *certificate.Statement) { s.Title += "\xff" },
		"too long":                     func(s *certificate.Statement) { s.Title = strings.Repeat("长", 1366) },
		"year 10000":                   func(s *certificate.Statement) { s.Time = s.Time.AddDate(8000, 0, 0) },
		"space after the title":        func(s *certificate.Statement) { s.Title += " " },
		"space before the nonce":       func(s *certificate.Statement) { s.Nonce = " " + s.Nonce },
		"short session":                func(s *certificate.Statement) { s.Session = s.Session[:20] },
		"padded session":               func(s *certificate.Statement) { s.Session += "=" },
		"no session":                   func(s *certificate.Statement) { s.Session = "" },
		"no time":                      func(s *certificate.Statement) { s.Time = time.Time{} },
		"half a second":                func(s *certificate.Statement) { s.Time = s.Time.Add(time.Second / 2) },
		"submit without digest":        func(s *certificate.Statement) { s.Digest = "" },
		"digest in upper case":         func(s *certificate.Statement) { s.Digest = strings.ToUpper(s.Digest) },
		"short digest":                 func(s *certificate.Statement) { s.Digest = s.Digest[1:] },
		"submit without title":         func(s *certificate.Statement) { s.Title = "" },
		"login with digest":            func(s *certificate.Statement) { s.Purpose, s.Title = certificate.Login, "" },
		"login with title":             func(s *certificate.Statement) { s.Purpose, s.Digest = certificate.Login, "" },
	} {
		t.Run(name, func(t *testing.T) {
			s := submitStatement([]byte("x"))
			change(&s)
			_, err := s.Bytes()
			require.Error(t, err)
		})
	}
}

func TestC2ParseStatementRefuses(t *testing.T) {
	good := string(encode(t, submitStatement([]byte("x"))))
	for name, encoded := range map[string]string{
		"nothing": "", "bare digest": strings.Repeat("a", 64), "other version": strings.Replace(good, "/1", "/2", 1),
		"no last line feed": strings.TrimSuffix(good, "\n"), "a line more": good + "\n", "a field more": good + "amount: 5\n",
		"windows lines": strings.ReplaceAll(good, "\n", "\r\n"), "other order": strings.Replace(strings.Replace(good, "nonce", "x", 1), "session", "nonce", 1),
		"local time": strings.Replace(good, "04:00:00Z", "12:00:00+08:00", 1), "fraction": strings.Replace(good, "00Z", "00.0Z", 1),
		"no time": strings.Replace(good, "2026-11-23T04:00:00Z", "today", 1), "two spaces": strings.Replace(good, "nonce: ", "nonce:  ", 1),
		"upper-case name": strings.Replace(good, "nonce", "Nonce", 1), "byte order mark": "\ufeff" + good, "too long": good + strings.Repeat("x", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := certificate.ParseStatement([]byte(encoded))
			require.Error(t, err)
		})
	}
}

func TestC2TitleFitsAnyText(t *testing.T) {
	require.Equal(t, "基本信息 甲 公司", certificate.Title(" 基本信息\u3000甲\u202e\r\n公司\u200e\xff "))
	require.Equal(t, strings.Repeat("长", 199), certificate.Title(strings.Repeat("长", 199)+" 长"))
	rapid.Check(t, func(t *rapid.T) {
		s := submitStatement(nil)
		s.Title = certificate.Title("x" + rapid.OneOf(rapid.String(), rapid.StringOf(rapid.Rune())).Draw(t, "text"))
		_, err := s.Bytes()
		require.NoError(t, err)
	})
}

// Two statements have the same bytes only if they are the same: no value can
// speak in another's line.
func TestC2StatementIsInjective(t *testing.T) {
	text := rapid.StringOfN(rapid.Rune(), 1, 12, -1)
	draw := rapid.Custom(func(t *rapid.T) certificate.Statement {
		content := rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "content")
		s := submitStatement(content)
		if rapid.Bool().Draw(t, "login") {
			s.Purpose, s.Digest, s.Title = certificate.Login, "", ""
		} else {
			s.Title = text.Draw(t, "title")
		}
		s.Origin, s.Nonce = text.Draw(t, "origin"), text.Draw(t, "nonce")
		s.Time = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 0).UTC()
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		one, two := draw.Draw(t, "one"), draw.Draw(t, "two")
		a, err := one.Bytes()
		if err != nil {
			return
		}
		back, err := certificate.ParseStatement(a)
		require.NoError(t, err)
		require.Equal(t, one, back)
		b, err := two.Bytes()
		if err == nil && string(a) == string(b) {
			require.Equal(t, one, two)
		}
	})
}
