package e2e

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// unpacked is an archive that was downloaded, each entry compared with its list.
func unpacked(t *testing.T, packed string) map[string]string {
	t.Helper()
	reader, err := zip.NewReader(strings.NewReader(packed), int64(len(packed)))
	require.NoError(t, err)
	entries := map[string]string{}
	for _, f := range reader.File {
		opened, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(opened)
		require.NoError(t, err)
		require.NoError(t, opened.Close())
		entries[f.Name] = string(content)
	}
	var manifest struct {
		Entries []struct{ Path, SHA256 string }
	}
	require.NoError(t, json.Unmarshal([]byte(entries["manifest.json"]), &manifest))
	require.Len(t, manifest.Entries, len(entries)-1)
	for _, e := range manifest.Entries {
		sum := sha256.Sum256([]byte(entries[e.Path]))
		require.Equal(t, hex.EncodeToString(sum[:]), e.SHA256, e.Path)
	}
	return entries
}

// steps follows the link to the change before or after.
func (p *person) steps(rel string) {
	p.t.Helper()
	p.open(p.eval(fmt.Sprintf(`document.querySelector(".then-steps a[rel=%s]").getAttribute("href")`, rel)))
}

func TestB25_N05_EverythingIsTakenAlongAndThePastIsLookedAt(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员己", record.Reviewer, true)
	b := newBidder(t, s, fmt.Sprintf("月亮岛%d文化有限公司", nextNumber())).complete(t).submitted(t)
	b.decided(t, reviewer, record.Approve, "").reaches(t, record.NothingFiled)
	p := b.sit(t)
	p.part("B25 from the account to the form that asks for the password again", func() {
		p.open("/account")
		p.follow("数据导出")
		p.sees("把本系统中登记的全部数据打包带走")
		p.fill("登录密码", "错误的密码-1234")
		p.follow("导出全部数据")
		p.sees("登录密码不正确")
		p.fill("登录密码", password)
		p.follow("导出全部数据")
	})
	p.part("B25 the page shows by itself when the archive is there, and a message tells", func() {
		p.sees("导出文件已生成", "保留至")
		p.open("/messages")
		p.sees("数据导出已完成")
		p.follow("去下载")
		p.sees("导出文件已生成")
	})
	p.part("B25 the archive holds what was filed, as it was filed", func() {
		href := p.eval(`document.querySelector("a[href^='/account/exports/']").getAttribute("href")`)
		got, err := b.at(p.origin).get(t.Context(), href)
		require.NoError(t, err)
		require.Equal(t, 200, got.status)
		entries := unpacked(t, got.body)
		content, err := s.store.VersionContent(t.Context(), b.subject.ID, b.profile, 1)
		require.NoError(t, err)
		base := "records/organization/" + string(b.profile) + "/versions/1"
		require.Equal(t, string(content), entries[base+".canonical.json"])
		require.True(t, strings.HasPrefix(entries[base+".pdf"], "%PDF-"))
		require.Contains(t, entries["subject.json"], b.subject.Name)
		require.NotContains(t, entries["events.json"], "审核员己")
		other := newBidder(t, s, fmt.Sprintf("柳叶湖%d文化有限公司", nextNumber()))
		stolen, err := other.at(p.origin).get(t.Context(), href)
		require.NoError(t, err)
		require.Equal(t, 404, stolen.status)
	})
	p.part("N05 the subject goes from change to change in its own past", func() {
		p.open("/history")
		p.sees("查看某一时点")
		p.follow("查看该时点")
		p.sees("截至", "不是现在的状态")
		p.open("/history/at?time=" + time.Now().In(record.Shanghai).Format("2006-01-02T15:04:05"))
		p.sees("已生效", "上一次变化")
		p.steps("prev")
		p.sees("已生效", "可以参加")
		p.steps("prev")
		p.sees("审核中", "基本信息正在审核")
		p.steps("prev")
		p.sees("当时还没有提交过申报", "基本信息尚未提交")
		p.steps("next")
		p.sees("审核中")
	})
	desk := reviewer.sit(t, s)
	desk.part("N05 staff ask for a time on the subject's page, without a script", func() {
		desk.withoutScripts()
		desk.findsSubject(b.subject.Name)
		desk.sees("查看某一时点")
		desk.follow("查看该时点")
		desk.sees("截至", "不是现在的状态")
		past := "/staff/subjects/" + string(b.subject.ID) + "/at?time="
		desk.open(past + time.Now().In(record.Shanghai).Format("2006-01-02T15:04:05"))
		desk.sees("可以参加")
		desk.open(past + "2020-01-01T08:30")
		desk.sees("当时还没有注册")
	})
}
