"""URLs that the outbound guard refuses as they stand, by the reason it gives, and URLs that it lets pass."""
# ruff: noqa: RUF001 - look-alikes of digits and letters are meant

from eventgateway.core.address import BACKSLASH, LOCAL_NAME, MALFORMED, NO_NAME, NOT_PUBLIC, NOTATION, PORT

HOSTILE = {
    NOT_PUBLIC: [
        "http://127.0.0.1/", "http://127.0.0.1:8080/", "https://127.255.255.254/", "HTTP://127.0.0.1", "http://0.0.0.0/", "http://0.1.2.3/",
        "http://10.0.0.1/", "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/",
        "http://100.64.0.1/", "http://100.127.255.255/", "http://169.254.1.1/",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/", "http://169.254.170.2/v2/credentials",
        "http://100.100.100.200/latest/meta-data/", "http://168.63.129.16/machine", "http://192.0.0.192/opc/v2/instance/",
        "http://192.0.0.8/", "http://192.0.2.1/", "http://198.51.100.1/", "http://203.0.113.1/", "http://198.18.0.1/",
        "http://198.19.255.255/", "http://192.88.99.1/", "http://224.0.0.1/", "http://239.255.255.250:1900/", "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/", "http://[0:0:0:0:0:0:0:1]:8080/", "http://[::]/", "http://[fe80::1]/", "http://[febf::1]/", "http://[fec0::1]/",
        "http://[fc00::1]/", "http://[fd00:ec2::254]/latest/meta-data/", "http://[fd20:ce::254]/", "http://[ff02::1]/", "http://[100::1]/",
        "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[2001:2::1]/", "http://[5f00::1]/", "http://[4000::1]/",
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:FFFF:A9FE:A9FE]/", "http://[::ffff:100.100.100.200]/",
        "http://[::127.0.0.1]/", "http://[::7f00:1]/", "http://[::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/", "http://[2001:0:7f00:1::80ff:fffe]/", "http://[2001:0:5ef5:79fd::5601:5601]/",
        "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::a9fe:a9fe]/", "http://[64:ff9b:1:a9fe:a9:fe00::]/",
        "http://public@127.0.0.1/", "http://www.example.com@127.0.0.1/", "http://www.example.com:80@169.254.169.254/",
        "http://www.example.com%2F@127.0.0.1/", "http://a@b@127.0.0.1/", "http://127.0.0.1#@www.example.com/", "http://127.0.0.1?@www.example.com/",
    ],
    NOTATION: [
        "http://127.1/", "http://127.0.1/", "http://127/", "http://0/", "http://2130706433/", "http://2852039166/latest/", "http://017700000001/",
        "http://0x7f000001/", "http://0X7F000001/", "http://0x7f.0x0.0x0.0x1/", "http://0x7f.1/", "http://0177.0.0.1/", "http://0177.0.0.01/",
        "http://127.0.0.0x1/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://0xa9fea9fe/", "http://00000000177.0.0.1/",
        "http://127.0.0.1./", "http://127.1./", "http://0x7f.1./", "http://2130706433./", "http://256.256.256.256/", "http://1.2.3.4.5/",
        "http://127.0.0.0x/", "http://８.８.８.８/", "http://１２７.0.0.1/", "http://１２７．０．０．１/", "http://127。0。0。1/", "http://①②⑦.0.0.①/",
        "http://[fe80::1%25eth0]/", "http://[::1%25lo]/", "http://[::ffff:127.0.0.1%25lo]/", "http://public@127.1/",
    ],
    LOCAL_NAME: [
        "http://localhost/", "http://localhost:8080/", "http://LOCALHOST/", "http://ｌｏｃａｌｈｏｓｔ/", "http://ⓛocalhost/", "http://api.localhost/",
        "http://a.b.localhost:3000/", "http://localhost.localdomain/", "http://ip6-localhost/", "http://intranet/", "http://metadata/",
        "http://metadata.google.internal/computeMetadata/v1/", "http://METADATA.google.internal/", "http://metadata.azure.internal/",
        "http://instance-data.ec2.internal/", "http://ip-10-0-0-1.eu-west-1.compute.internal/", "http://printer.local/",
        "http://db.svc.cluster.local:8080/", "http://router.home.arpa/", "http://public@localhost/",
    ],
    NO_NAME: [
        "http://localhost./", "http://a.localhost./", "http://metadata.google.internal./", "http://www.example.com./", "http://.example.com/",
        "http://-a.example.com/", "http://a-.example.com/", "http://exa~mple.com/", "http://a,b.example.com/",
        f"http://{'a' * 64}.example.com/",
        f"http://{'a.' * 130}com/", "http://www.example.com../", "http://*.example.com/",
    ],
    PORT: [
        "http://www.example.com:22/", "http://www.example.com:25/", "https://www.example.com:442/", "http://www.example.com:1023/",
        "http://www.example.com:6/", "http://8.8.8.8:53/", "http://[2606:4700::1111]:110/",
    ],
    BACKSLASH: [
        "http://www.example.com\\@127.0.0.1/", "http://www.example.com/\\..\\", "http://u\\:p@www.example.com/", "http://127.0.0.1\\@www.example.com/",
    ],
    MALFORMED: ["http://a..b.b\u00fccher.example.com/"],
}  # fmt: skip
AT_CALLS = {  # these are no URLs of functions at all, but the target of a redirect may be anything
    MALFORMED: [
        "http://[::1", "http://[127.0.0.1]/", "http://www.example.com:99999/", "http://www.example.com:x/",
    ],
    NO_NAME: ["http://%31%32%37.0.0.1.example.com/", "http://127.0.0.1 .example.com/", "http://a%00.example.com/", "http:///x", "http://u@/"],
    NOTATION: ["http://%31%32%37.0.0.1/", "http://[fe80::1%eth0]/"],
    BACKSLASH: ["http:\\\\127.0.0.1\\", "http:/\\127.0.0.1/"],
    PORT: ["http://www.example.com:0/"],
    NOT_PUBLIC: ["http://[::1]x/", "http://127.0.0.1\t/", "\x01http://127.0.0.1/"],
}  # fmt: skip
HARMLESS = [
    "http://www.example.com/", "https://www.example.com", "https://www.example.com:443/hook", "http://www.example.com:80/",
    "http://www.example.com:1024/", "http://www.example.com:8080/", "https://www.example.com:65535/", "https://www.example.com:/",
    "https://user:password@www.example.com/hook?token=x#part", "https://127.0.0.1@www.example.com/", "https://api.eu-west-1.example.co.uk/a/b%20c",
    "https://x--y_z.example.com/", "https://a1.execute-api.us-east-1.amazonaws.com/prod/f", "https://us-central1-project.cloudfunctions.net/f",
    "https://hooks.slack.com/services/T0/B0/x", "https://bücher.example.com/", "https://BÜCHER.example.com/", "https://xn--bcher-kva.example.com/",
    "https://例え.jp/", "https://localhost.example.com/", "https://internal.example.com/", "https://local.example.com/", "https://mylocalhost.com/",
    "https://127.0.0.1.example.com/", "https://1.example.com/", "https://0x7f.example.com/", "https://1e100.net/", "https://0xg.0xg/",
    "http://8.8.8.8/", "http://1.1.1.1:8080/", "http://9.255.255.255/", "http://11.0.0.0/", "http://172.15.255.255/", "http://172.32.0.0/",
    "http://100.63.255.255/", "http://100.128.0.0/", "http://169.253.255.255/", "http://169.255.0.0/", "http://192.167.255.255/",
    "http://192.169.0.0/", "http://198.17.255.255/", "http://198.20.0.0/", "http://223.255.255.255/", "http://168.63.129.17/",
    "http://[2606:4700:4700::1111]/", "http://[2A00:1450:4001:80b::200e]:8443/", "http://[2001:4860:4860::8888]/",
    "http://[::ffff:8.8.8.8]/", "http://[64:ff9b::8.8.8.8]/",
]  # fmt: skip
