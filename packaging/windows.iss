; The setup program for Windows, made by Inno Setup 6 of dist\nnviz: iscc /DVersion=1.2.3 packaging\windows.iss

#ifndef Version
  #error Say which version it is: /DVersion=1.2.3
#endif

[Setup]
AppId={{6B6A6F0E-6C0B-4E5B-9C5B-2C1B0E3F7A41}
AppName=nnviz
AppVersion={#Version}
AppPublisher=nnviz contributors
DefaultDirName={autopf}\nnviz
DefaultGroupName=nnviz
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
Compression=lzma2/max
SolidCompression=yes
LicenseFile=..\LICENSE
OutputDir=..\dist
OutputBaseFilename=nnviz-{#Version}-setup
SetupIconFile=..\build\icons\nnviz.ico
UninstallDisplayIcon={app}\nnviz-gui.exe
WizardStyle=modern

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: association; Description: "{cm:AssocFileExtension,nnviz,.nnviz}"

[InstallDelete]
; Libraries of the version before must not stay beside those of this one.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "..\dist\nnviz\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\nnviz"; Filename: "{app}\nnviz-gui.exe"
Name: "{autodesktop}\nnviz"; Filename: "{app}\nnviz-gui.exe"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\.nnviz\OpenWithProgids"; ValueType: string; ValueName: "nnviz.experiment"; ValueData: ""; Flags: uninsdeletevalue; Tasks: association
Root: HKA; Subkey: "Software\Classes\nnviz.experiment"; ValueType: string; ValueData: "nnviz experiment"; Flags: uninsdeletekey; Tasks: association
Root: HKA; Subkey: "Software\Classes\nnviz.experiment\DefaultIcon"; ValueType: string; ValueData: "{app}\nnviz-gui.exe,0"; Tasks: association
Root: HKA; Subkey: "Software\Classes\nnviz.experiment\shell\open\command"; ValueType: string; ValueData: """{app}\nnviz-gui.exe"" ""%1"""; Tasks: association

[Run]
Filename: "{app}\nnviz-gui.exe"; Description: "{cm:LaunchProgram,nnviz}"; Flags: nowait postinstall skipifsilent
