package certificate_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate"
)

// encoded writes a code as an ASN.1 string of a kind.
func encoded(t *testing.T, text, kind string) []byte {
	t.Helper()
	der, err := asn1.MarshalWithParams(text, kind)
	require.NoError(t, err)
	return der
}

func wrapped(t *testing.T, value []byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	require.NoError(t, err)
	return der
}

var codeExtension = asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, 4}

func TestCodeInExtension(t *testing.T) {
	bmp := []byte{0x1e, 36}
	for _, r := range code {
		bmp = append(bmp, 0, byte(r))
	}
	for name, test := range map[string]struct {
		values [][]byte
		want   string
	}{
		"UTF8String":                        {[][]byte{encoded(t, code, "utf8")}, code},
		"PrintableString":                   {[][]byte{encoded(t, code, "printable")}, code},
		"IA5String":                         {[][]byte{encoded(t, code, "ia5")}, code},
		"BMPString":                         {[][]byte{bmp}, code},
		"T61String":                         {[][]byte{append([]byte{20, 18}, code...)}, code},
		"OCTET STRING with UTF8String":      {[][]byte{wrapped(t, encoded(t, code, "utf8"))}, code},
		"OCTET STRING with PrintableString": {[][]byte{wrapped(t, encoded(t, code, "printable"))}, code},
		"OCTET STRING with IA5String":       {[][]byte{wrapped(t, encoded(t, code, "ia5"))}, code},
		"OCTET STRING with text":            {[][]byte{wrapped(t, []byte(code))}, code},
		"text":                              {[][]byte{[]byte(code)}, code},
		"text that looks like ASN.1":        {[][]byte{[]byte("0123456789")}, "0123456789"},
		"spaces around":                     {[][]byte{encoded(t, " "+code+" ", "utf8")}, code},
		"longest":                           {[][]byte{encoded(t, strings.Repeat("9", 64), "utf8")}, strings.Repeat("9", 64)},
		"too long":                          {[][]byte{encoded(t, strings.Repeat("9", 65), "utf8")}, ""},
		"wrapped too often":                 {[][]byte{wrapped(t, wrapped(t, wrapped(t, encoded(t, code, "utf8"))))}, ""},
		"empty string":                      {[][]byte{encoded(t, "", "utf8")}, ""},
		"only spaces":                       {[][]byte{encoded(t, "  ", "utf8")}, ""},
		"line feed":                         {[][]byte{encoded(t, "9111\n0000", "utf8")}, ""},
		"zero byte":                         {[][]byte{encoded(t, "9111\x000000", "utf8")}, ""},
		"right-to-left override":            {[][]byte{encoded(t, "9111\u202e0000", "utf8")}, ""},
		"integer":                           {[][]byte{{0x02, 0x01, 0x05}}, ""},
		"sequence":                          {[][]byte{{0x30, 0x03, 0x02, 0x01, 0x05}}, ""},
		"nothing":                           {[][]byte{{}}, ""},
		"no extension":                      {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := companies(t, certificate.SM2)
			r := forCompany()
			r.Code = ""
			r.Change = func(x *smx509.Certificate) {
				for _, value := range test.values {
					x.ExtraExtensions = append(x.ExtraExtensions, pkix.Extension{Id: codeExtension, Value: value})
				}
			}
			v, err := trusting(t, a).Verify(issue(t, a, keys(t, certificate.SM2).Public(), r), nil, noon)
			if test.want == "" {
				requireRefusal(t, certificate.NoCode, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, v.Code)
		})
	}
}

func TestCodeRules(t *testing.T) {
	const company, other = "91110000600001760Q", "91310000132207927W"
	name := func(pairs ...string) pkix.Name {
		var n pkix.Name
		oids := map[string]asn1.ObjectIdentifier{
			"CN": {2, 5, 4, 3}, "serialNumber": {2, 5, 4, 5}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "own": codeExtension,
		}
		for i := 0; i < len(pairs); i += 2 {
			n.ExtraNames = append(n.ExtraNames, pkix.AttributeTypeAndValue{Type: oids[pairs[i]], Value: pairs[i+1]})
		}
		return n
	}
	for _, test := range []struct {
		name, rule, pattern string
		subject             pkix.Name
		extension           string
		want                string
	}{
		{"serialNumber", "subject:serialNumber", "", name("serialNumber", company), "", company},
		{"OU", "subject:OU", "", name("OU", company, "CN", other), "", company},
		{"O", "subject:O", "", name("O", company), "", company},
		{"CN", "subject:CN", "", name("CN", company), "", company},
		{"several OUs, one is a code", "subject:OU", "^([0-9A-HJ-NPQRTUWXY]{18})$", name("OU", "法定代表人", "OU", company), "", company},
		{"several OUs, the same code twice", "subject:OU", "", name("OU", company, "OU", company), "", company},
		{"several OUs, two codes", "subject:OU", "", name("OU", company, "OU", other), "", ""},
		{"name and code in one value", "subject:CN", `^[^@]+@([^@]+)@\d+$`, name("CN", "测试公司@"+company+"@01"), "", company},
		{"pattern does not fit", "subject:CN", `^X(.*)$`, name("CN", company), "", ""},
		{"group is empty", "subject:CN", `^91(.*?)1`, name("CN", company), "", ""},
		{"other attribute", "subject:serialNumber", "", name("CN", company), "", ""},
		{"extension", "oid:1.2.156.10260.4.1.4", "", name("CN", other), company, company},
		{"own attribute of the subject", "oid:1.2.156.10260.4.1.4", "", name("own", company), "", company},
		{"attribute and extension differ", "oid:1.2.156.10260.4.1.4", "", name("own", company), other, ""},
		{"extension is not searched by name", "subject:CN", "", name("O", company), company, ""},
		{"first place of two", "oid:1.2.156.10260.4.1.4, subject:CN", "", name("CN", other), company, company},
		{"second place of two", "oid:1.2.156.10260.4.1.4, subject:CN", "", name("CN", other), "", other},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := companies(t, certificate.SM2)
			r := forCompany()
			r.Code = test.extension
			r.Change = func(x *smx509.Certificate) { x.Subject = test.subject }
			entry := a.TrustEntry("规则")
			entry.Code, entry.CodePattern = test.rule, test.pattern
			v, err := pinning(t, entry).Verify(issue(t, a, keys(t, certificate.SM2).Public(), r), nil, noon)
			if test.want == "" {
				requireRefusal(t, certificate.NoCode, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, v.Code)
		})
	}
}
