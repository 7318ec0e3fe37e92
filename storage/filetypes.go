package storage

import (
	"fmt"
	"image"
	_ "image/jpeg" // the header of a scan is read before anything decodes it
	_ "image/png"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/text/unicode/norm"

	"unireg/record"
)

// fileType is a kind of content that is taken.
type fileType struct {
	media      string
	label      string
	extensions []string
}

var fileTypes = []fileType{
	{"application/pdf", "PDF", []string{".pdf"}},
	{"image/jpeg", "JPG", []string{".jpg", ".jpeg"}},
	{"image/png", "PNG", []string{".png"}},
}

// sniffed is how much of a content tells its type, in bytes.
const sniffed = 3072

// typeOf names the type of a content from its first bytes and its file name,
// which have to agree: whoever opens the file later goes by the name.
func typeOf(name string, head []byte) (string, error) {
	extension := strings.ToLower(path.Ext(name))
	i := slices.IndexFunc(fileTypes, func(t fileType) bool { return slices.Contains(t.extensions, extension) })
	if i < 0 {
		return "", record.Errorf(record.Invalid, "只能上传 PDF、JPG、PNG 格式的文件，请转换格式后再上传")
	}
	want := fileTypes[i]
	if len(head) == 0 {
		return "", record.Errorf(record.Invalid, "文件是空的，请重新选择文件")
	}
	found := mimetype.Detect(head)
	if found.Is(want.media) {
		return want.media, nil
	}
	for _, other := range fileTypes {
		if found.Is(other.media) {
			return "", record.Errorf(record.Invalid, fmt.Sprintf(
				"文件的扩展名是 %s，内容却是 %s，请把扩展名改为 %s 后再上传", extension, other.label, other.extensions[0]))
		}
	}
	return "", record.Errorf(record.Invalid, fmt.Sprintf(
		"文件的扩展名是 %s，内容却不是 %s，文件可能已损坏或被改名，请重新扫描后上传", extension, want.label))
}

func isImage(media string) bool { return strings.HasPrefix(media, "image/") }

// checkPixels reads an image's header and refuses one that would take too much
// memory to decode. Other types pass.
func checkPixels(media string, content io.Reader, limit int64) error {
	if !isImage(media) {
		return nil
	}
	config, _, err := image.DecodeConfig(content)
	if err != nil {
		return record.Errorf(record.Invalid, "图片已损坏或格式特殊，无法打开，请重新扫描后上传")
	}
	if int64(config.Width)*int64(config.Height) > limit {
		return record.Errorf(record.Invalid, fmt.Sprintf(
			"图片尺寸过大（%d × %d 像素），请用 300 DPI 重新扫描后上传", config.Width, config.Height))
	}
	return nil
}

// maxFileName is what file systems take, in bytes.
const maxFileName = 255

// CleanFileName makes an uploader's file name safe to keep and to show: without
// folders, control characters and marks that change the direction of writing,
// at most 255 bytes with its extension kept. All else of Unicode stays.
func CleanFileName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, ""))
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\u200b' {
			return -1
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	extension := path.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	if len(extension) > 16 {
		stem, extension = name, ""
	}
	if strings.Trim(stem, ". ") == "" {
		stem = "未命名"
	}
	return cut(stem, maxFileName-len(extension)) + extension
}

// cut shortens text to at most that many bytes, between characters.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "")
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// ContentDisposition is the HTTP header value for a file of that name, after
// RFC 6266: plain ASCII for old clients, UTF-8 for the others. inline lets the
// browser show the file instead of saving it.
func ContentDisposition(name string, inline bool) string {
	name = CleanFileName(name)
	disposition := "attachment"
	if inline {
		disposition = "inline"
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	var encoded strings.Builder
	for _, b := range []byte(name) {
		// attr-char of RFC 8187.
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("!#$&+-.^_`|~", b) >= 0 {
			encoded.WriteByte(b)
		} else {
			fmt.Fprintf(&encoded, "%%%02X", b)
		}
	}
	return fmt.Sprintf(`%s; filename="%s"; filename*=UTF-8''%s`, disposition, plain, encoded.String())
}
