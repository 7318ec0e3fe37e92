package view

// Icon names a picture of the Tabler set. web/static/vendor.mjs reads this file
// and puts the icons named here, and no others, into the sprite.
type Icon string

// The icons in use.
const (
	IconAlert       Icon = "alert-circle"
	IconAlertPaper  Icon = "alert-triangle"
	IconArrowLeft   Icon = "arrow-left"
	IconArrowRight  Icon = "arrow-right"
	IconAward       Icon = "trophy"
	IconBell        Icon = "bell"
	IconBookmark    Icon = "bookmark"
	IconBuilding    Icon = "building"
	IconCertificate Icon = "certificate"
	IconCheck       Icon = "check"
	IconChecked     Icon = "circle-check"
	IconChevron     Icon = "chevron-down"
	IconClock       Icon = "clock"
	IconClose       Icon = "x"
	IconCloud       Icon = "cloud-check"
	IconContrast    Icon = "contrast"
	IconDevice      Icon = "device-desktop"
	IconDownload    Icon = "download"
	IconEdit        Icon = "edit"
	IconFile        Icon = "file-text"
	IconHandOver    Icon = "arrows-exchange"
	IconHelp        Icon = "help-circle"
	IconHistory     Icon = "history"
	IconHome        Icon = "home"
	IconInfo        Icon = "info-circle"
	IconKey         Icon = "key"
	IconKeyboard    Icon = "keyboard"
	IconLanguage    Icon = "language"
	IconLogout      Icon = "logout"
	IconMail        Icon = "mail"
	IconMenu        Icon = "menu-2"
	IconMessage     Icon = "message"
	IconPaperclip   Icon = "paperclip"
	IconPeople      Icon = "users"
	IconPerformance Icon = "building-bank"
	IconPhone       Icon = "phone"
	IconPhoto       Icon = "photo"
	IconPlus        Icon = "plus"
	IconPrinter     Icon = "printer"
	IconRefresh     Icon = "refresh"
	IconReturn      Icon = "corner-up-left"
	IconSearch      Icon = "search"
	IconShield      Icon = "shield-lock"
	IconSpeaker     Icon = "speakerphone"
	IconTextSize    Icon = "text-size"
	IconTrash       Icon = "trash"
	IconUpload      Icon = "upload"
	IconUSB         Icon = "usb"
	IconUser        Icon = "user"
	IconZoom        Icon = "zoom-in"
)

// icon is the picture that goes with the tone.
func (t Tone) icon() Icon {
	switch t {
	case Good:
		return IconChecked
	case Warn:
		return IconAlertPaper
	case Bad:
		return IconAlert
	default:
		return IconInfo
	}
}
