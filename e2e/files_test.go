package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"unireg/clamd"
	"unireg/record"
)

// infected makes a document with the test file in it, which every scanner finds.
func (d papers) infected(name string) string {
	d.t.Helper()
	return d.write(name, append(pdfContent(name), clamd.TestVirus()...))
}

// network makes the way of uploads narrow, in bytes a second, or cuts it.
func (p *person) network(bytes float64, cut bool) {
	p.t.Helper()
	p.do(command(network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: bytes, Offline: cut}},
	}))
}

// until waits for a script to be true.
func (p *person) until(what, script string) {
	p.t.Helper()
	eventually(p.t, patience, func() string {
		if p.eval("String(Boolean("+script+"))") == "true" {
			return ""
		}
		return what
	})
}

// row is the script that finds the row of a file.
func row(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".att-row")].find((r) => r.querySelector("[data-name]").textContent === %q)`, name)
}

// brings drops files onto an element of the page, or pastes them, as the
// browser's own events do.
func (p *person) brings(event, target, name string) {
	p.t.Helper()
	p.eval(fmt.Sprintf(`(() => {
		const data = new DataTransfer();
		const canvas = document.createElement("canvas");
		const bytes = Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), (c) => c.charCodeAt(0));
		data.items.add(new File([bytes], %[3]q, { type: "image/png" }));
		const target = document.querySelector(%[2]q);
		const options = { bubbles: true, cancelable: true };
		const event = %[1]q === "paste" ? new ClipboardEvent("paste", { ...options, clipboardData: data }) : new DragEvent("drop", { ...options, dataTransfer: data });
		target.dispatchEvent(event);
		return "";
	})()`, event, target, name))
}

func TestB22_FilesInTheBrowser(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("桃子湖%d印务有限公司", nextNumber()))
	p, d := b.sit(t), newPapers(t)
	p.open("/profile")
	p.part("B22 a large file shows how far it is, and then its state", func() {
		p.network(3<<20, false)
		p.puts("营业执照", d.write("大的扫描件.pdf", append(pdfContent("large"), []byte(strings.Repeat("% filling\n", 600_000))...)))
		p.until("no progress is shown", `(([r]) => r && !r.querySelector("[data-progress]").hidden && r.querySelector("progress").value > 0 && r.querySelector("progress").value < 100)([`+row("大的扫描件.pdf")+`])`)
		require.Empty(t, p.find("attached", "营业执照", "大的扫描件.pdf").Fault)
		p.network(-1, false)
		p.until("the scan does not show", row("大的扫描件.pdf")+`.dataset.scan === "ready"`)
	})
	p.part("B22 a broken upload is tried again with the file that was chosen", func() {
		p.network(-1, true)
		f := p.send("法定代表人身份证正反面", d.scan("断网时.png"))
		require.Contains(t, f.Fault, "上传中断（网络异常），文件未保存")
		p.network(-1, false)
		p.press("重新上传断网时.png")
		p.until("it was not sent again", row("断网时.png")+`.querySelector("input[type=hidden]").value`)
		require.Empty(t, p.find("attached", "法定代表人身份证正反面", "断网时.png").Fault)
	})
	p.part("B22 a file is dropped onto its field", func() {
		p.brings("drop", `[data-attachment="agent_authorization"]`, "拖来的.png")
		require.Empty(t, p.find("attached", "经办人授权委托书", "拖来的.png").Fault)
	})
	p.part("B22 one that is pasted asks where it belongs", func() {
		p.brings("paste", "body", "粘贴的.png")
		p.sees("这个文件归入哪一项？", "粘贴的.png")
		p.eval(`document.querySelector("#dialog-assign input[value=account_confirmation]").checked = true; ""`)
		p.press("上传")
		require.Empty(t, p.find("attached", "开户许可证/基本存款账户信息", "粘贴的.png").Fault)
	})
	p.part("B22 U3 pictures have a thumbnail, and open over the page, larger and turned", func() {
		p.looksAt("断网时.png")
		p.follow("保存草稿")
		p.looksAt("断网时.png")
	})
	p.part("U8 a document opens in a window of its own", func() {
		link := p.eval(row("大的扫描件.pdf") + `.querySelector("[data-preview]").getAttribute("href")`)
		require.Regexp(t, `^/files/[0-9a-f-]{36}\?inline=1$`, link)
		require.Equal(t, "_blank", p.eval(row("大的扫描件.pdf")+`.querySelector("[data-preview]").target`))
		got, err := b.at(s.origin).get(t.Context(), link)
		require.NoError(t, err)
		require.Equal(t, 200, got.status)
		require.True(t, strings.HasPrefix(got.body, "%PDF-"))
	})
	p.part("U7 the picture is nobody else's", func() {
		stranger := newBidder(t, s, fmt.Sprintf("邻居%d有限公司", nextNumber()))
		link := p.eval(row("断网时.png") + `.querySelector("[data-preview]").getAttribute("href")`)
		got, err := stranger.at(s.origin).get(t.Context(), link)
		require.NoError(t, err)
		require.Equal(t, 404, got.status)
	})
}

// looksAt opens a picture of the page, turns it and closes it.
func (p *person) looksAt(name string) {
	p.t.Helper()
	p.until("there is no thumbnail", `((i) => { i.loading = "eager"; return i.complete && i.naturalWidth > 0; })(`+row(name)+`.querySelector(".thumb img"))`)
	p.press("预览" + name)
	sheet := `document.querySelector("dialog.viewer[open] svg")`
	width := func() int {
		var n int
		_, err := fmt.Sscan(p.eval(sheet+`.getAttribute("width")`), &n)
		require.NoError(p.t, err)
		return n
	}
	p.until("the picture does not show", sheet+`?.getAttribute("width") > 0`)
	p.sees(name, "下载原件")
	p.accessible("a picture over the page")
	fitted := width()
	p.press("放大")
	require.InDelta(p.t, 1.5*float64(fitted), width(), 2)
	p.press("还原")
	require.Equal(p.t, fitted, width())
	p.press("右转")
	require.Less(p.t, width(), fitted, "a card on its side is narrower")
	require.Contains(p.t, p.eval(sheet+`.firstChild.getAttribute("transform")`), "rotate(90)")
	p.press("左转")
	require.Contains(p.t, p.eval(sheet+`.firstChild.getAttribute("transform")`), "rotate(0)")
	p.press("关闭")
	p.until("the focus is lost", `document.activeElement?.matches("[data-preview]")`)
}

func TestU5_WhatTheScannerFindsIsShown(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("开福%d工程有限公司", nextNumber())).complete(t)
	p, d := b.sit(t), newPapers(t)
	p.open("/profile")
	p.part("U5 the bidder sees at once that the file is refused, and what to do", func() {
		p.puts("营业执照", d.infected("带毒的执照.pdf"))
		p.sees("未通过病毒扫描", "文件含有病毒或恶意内容，已隔离，不能打开或提交", "请删除此文件，用杀毒软件检查电脑后重新扫描上传")
		require.False(t, p.offers("预览带毒的执照.pdf"))
		p.accessible("a refused file")
	})
	p.part("U5 it stays refused, is sent to nobody, and keeps the draft from being submitted", func() {
		p.follow("核对并提交")
		p.sees("有 1 处需要修改", "「带毒的执照.pdf」未通过病毒扫描，请删除后重新上传")
		files, err := s.store.FilesOf(t.Context(), b.subject.ID, b.profile)
		require.NoError(t, err)
		got, err := b.at(s.origin).get(t.Context(), "/files/"+string(files[len(files)-1].ID))
		require.NoError(t, err)
		require.Equal(t, 404, got.status)
		require.Equal(t, "Eicar-Test-Signature.UNOFFICIAL", files[len(files)-1].Virus)
	})
	p.part("U5 a message tells it", func() {
		p.open("/messages")
		p.sees("附件未通过病毒扫描")
	})
	p.part("U5 without it the draft is submitted", func() {
		p.open("/profile")
		p.press("删除带毒的执照.pdf")
		p.until("it is still there", "!"+row("带毒的执照.pdf"))
		p.upload("营业执照", d.pdf("干净的执照.pdf"))
		p.checksAndSubmits()
		p.sees("审核中")
		b.reaches(t, record.UnderReview)
	})
	p.part("U5 the reviewer sees that all were scanned, and looks at a picture", func() {
		desk := newMember(t, s, "阅卷人", record.Reviewer, true).sit(t, s)
		desk.takes(b.subject.Name)
		eventually(t, patience, func() string {
			desk.do(chromedp.Reload())
			desk.unfoldsChecks()
			if desk.look("sees", "附件已通过病毒扫描").OK {
				return ""
			}
			return "not scanned"
		})
	})
}

// TestU5_WithoutTheScanner stops the scanner that all tests share, so that it
// runs alone.
func TestU5_WithoutTheScanner(t *testing.T) {
	s := theSystem(t)
	require.NoError(t, s.scanner.Stop())
	running := false
	defer func() {
		if !running {
			require.NoError(t, s.startScanner(t.Context()))
		}
	}()
	b := newBidder(t, s, fmt.Sprintf("无扫描%d建设有限公司", nextNumber())).complete(t)
	p, d := b.sit(t), newPapers(t)
	p.open("/profile")
	p.part("U5 files wait, and saving and submitting go on", func() {
		p.upload("营业执照", d.scan("等待中.png"))
		p.sees("待扫描")
		require.Equal(t, "pending", p.eval(row("等待中.png")+`.dataset.scan`))
		p.checksAndSubmits()
		p.sees("审核中", "待扫描")
		b.reaches(t, record.UnderReview)
	})
	reviewer := newMember(t, s, "等候人", record.Reviewer, true)
	desk := reviewer.sit(t, s)
	p.part("U5 nothing is approved, and the desk says why", func() {
		desk.takes(b.subject.Name)
		desk.sees("个附件待病毒扫描", "扫描完成前不能通过")
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
		desk.sees("通过没有生效", "附件尚未完成病毒扫描，暂不能通过")
		b.reaches(t, record.UnderReview)
	})
	p.part("U5 when the scanner is back the files are scanned and the filing approved", func() {
		require.NoError(t, s.startScanner(t.Context()))
		running = true
		eventually(t, time.Minute, func() string {
			files, err := s.store.FilesOf(t.Context(), b.subject.ID, b.profile)
			require.NoError(t, err)
			for _, f := range files {
				if !f.Scanned {
					return "a file waits"
				}
			}
			return ""
		})
		desk.open("/staff")
		desk.takes(b.subject.Name)
		desk.unfoldsChecks()
		desk.sees("附件已通过病毒扫描")
		desk.press("通过")
		desk.decides("通过")
		desk.sees("已通过：")
		b.reaches(t, record.NothingFiled)
	})
}
