// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Keys and signatures that were made once, with the openssl command, for these vectors alone. They protect nothing.
#pragma once

#include <string_view>

namespace cas::vectors::material {

/// RFC 8463 §A.2.
inline constexpr std::string_view ed25519_seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
inline constexpr std::string_view ed25519_public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

inline constexpr std::string_view rsa_private =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDAIqvLbxCe/l9T\n"
    "2Wkur2xliD6TT8ctLvQVUSgiYv7NSbwpCKX7dUdr3E5NGJ0xoPxq18vmYS3AtawG\n"
    "cwQUMdFyBPmnHT1nQwcxpvUx+P5SNt8Py4J93pKRUxYxHaFDnecKKlJBT4Sd1Wf+\n"
    "U0QqNaCRr+gV8OBAUJTzU+jV/JnPIUE9zbtNMykuaJ6+E9PX038JF7f9ryLZnxEM\n"
    "A5QpbdIgK/t2gRHOEmf7xK9uqrXSRRjOA+PzZnUlbx1kwUPOVR72/zKix7MKF+rL\n"
    "1UYkULtrz7tFvC1hXB/RPaYXZyx8Pjxhn3It0fmwpws9zcmW7dLpaQJ+epM6TQCN\n"
    "aTDLLdyZAgMBAAECggEAKRziJOhRpqvoqxEJDEfWSo2SUkROavEyooMYsu769eOS\n"
    "wzcKCVopm79q891R+aYojRY7F8Nwnl1hf4nJ9CZK2nqND0DW/Esf9XRz4CsXBHGg\n"
    "XoleFV/0fetJAt6DvOvDXe37ZuVEi9933rhjjCKohrQc1eESo0B69uxcFLn2EZd9\n"
    "gmZ8TGPlfIRZwHvXpDBvZyyNvTkEZX4wz9XqOTkSZ+tuX6te4dFnHn65yRGbkIGK\n"
    "nP8lzhOstHVhdhp4K8rt5qSwgNNkJfT/N3aeCyJBtJwi0/nSc4xOcjz/QRFhp124\n"
    "9CJ44cLt4UijEnQ9gJeruhAmugoBn1E8Bd5b7+gt+QKBgQDrIO68jh8fjK3kBt+n\n"
    "ZJPAzTGVoPyg0vKsdFbSeL3GeIaZ2s+akAO/wBRu+81gGAcLu2AfngMUQPkvjBiJ\n"
    "XYNFG+i7NQAfy7zfiCX/9hYgzItvXNPg2qPj1ysYRBiRzU8Hduo31rrVdkR+dGxZ\n"
    "94R3/lFTmw/gliIGoHzWFmmLtQKBgQDRMMKT1CZzOtQbrjPMEBYHUPBQIbOL2NxX\n"
    "7EhvTXKdZ0zEC/wedJbN/IwJppVJ7sKirnp+7suJao+UNIBqg+T6kUySZoHCVdaQ\n"
    "U4rPPC3wGpwtdVKb0cxOS4S9V5ldJBatbieo1XlE4euqmsm4CysGyRqSQHVpHPIw\n"
    "Cm9K2MOD1QKBgQCIkul5BohXeAxtXfy9K3OTUtzRT+BNvhoNR8pCmLWKueldJrbd\n"
    "zXcQAw8bZBFoFqzJCL6NvueE9TSIhLSf3XxpQQvO6bs3vMzpfhisc5Fo3cbEGcRM\n"
    "YFM//XRftPYcgoe8CzuC0axWX0rrtM5W96mvVT6B9JilWC9NcBzy8bO+3QKBgG5h\n"
    "cTp5xjQlRYi5meFCV61SmwtdTRUsv8+xAOOiFSlTOaF0xXr4gB5+9RGekcWqM4+N\n"
    "y1sw+7stvEcykNQjdm50vte9ORjnHEmZm3QQSBkaoXAnKQjJYimqFYenMmiAQ2sN\n"
    "5eVjhxK+txCVjn0Lf4+cC+ZCFvH48R5CU0lGKZxlAoGAJrfqGItXmwUaZh7GdgmJ\n"
    "aQSmDIk0HlexUGQ22J521hUMNMqgbQ3LGxNeUhkDZm5xUUg3E9dFXqa7sFsUJi2E\n"
    "6FWD/9syr/pYzKX2yyTtsvWXAj4IdKtGGRFmmJBxUh1pfq0XBYMCvmIThanTmAEr\n"
    "JGQ70DqUP0hqB5BM7rCu4OM=\n"
    "-----END PRIVATE KEY-----\n";

/// What the RSA signatures below were made over, behind "CAS1 INTENT" LF: the example of CAS §A.1 with another s and a.
inline constexpr std::string_view rsa_unsigned =
    "v=CAS1;i=AAECAwQFBgcICQoLDA0ODw;d=football.example.com;s=test;a=rsa-sha256;t=1795460400;x=1795546800"
    ";f=joe@football.example.com;q=shopping.example.net;r=suzie;o=joe@football.example.com;k=p;m=c1:a_XHk"
    "NAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI;b=";

/// The public half, as a SubjectPublicKeyInfo.
inline constexpr std::string_view spki_2048 =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwCKry28Qnv5fU9lpLq9sZYg+k0/HLS70FVEoImL+zUm8KQil+3VHa9xO"
    "TRidMaD8atfL5mEtwLWsBnMEFDHRcgT5px09Z0MHMab1Mfj+UjbfD8uCfd6SkVMWMR2hQ53nCipSQU+EndVn/lNEKjWgka/oFfDg"
    "QFCU81Po1fyZzyFBPc27TTMpLmievhPT19N/CRe3/a8i2Z8RDAOUKW3SICv7doERzhJn+8Svbqq10kUYzgPj82Z1JW8dZMFDzlUe"
    "9v8yosezChfqy9VGJFC7a8+7RbwtYVwf0T2mF2csfD48YZ9yLdH5sKcLPc3Jlu3S6WkCfnqTOk0AjWkwyy3cmQIDAQAB";
/// The same as an RSAPublicKey.
inline constexpr std::string_view pkcs1_2048 =
    "MIIBCgKCAQEAwCKry28Qnv5fU9lpLq9sZYg+k0/HLS70FVEoImL+zUm8KQil+3VHa9xOTRidMaD8atfL5mEtwLWsBnMEFDHRcgT5"
    "px09Z0MHMab1Mfj+UjbfD8uCfd6SkVMWMR2hQ53nCipSQU+EndVn/lNEKjWgka/oFfDgQFCU81Po1fyZzyFBPc27TTMpLmievhPT"
    "19N/CRe3/a8i2Z8RDAOUKW3SICv7doERzhJn+8Svbqq10kUYzgPj82Z1JW8dZMFDzlUe9v8yosezChfqy9VGJFC7a8+7RbwtYVwf"
    "0T2mF2csfD48YZ9yLdH5sKcLPc3Jlu3S6WkCfnqTOk0AjWkwyy3cmQIDAQAB";
/// The same with the last bit of its modulus cleared: no key at all.
inline constexpr std::string_view spki_even =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwCKry28Qnv5fU9lpLq9sZYg+k0/HLS70FVEoImL+zUm8KQil+3VHa9xO"
    "TRidMaD8atfL5mEtwLWsBnMEFDHRcgT5px09Z0MHMab1Mfj+UjbfD8uCfd6SkVMWMR2hQ53nCipSQU+EndVn/lNEKjWgka/oFfDg"
    "QFCU81Po1fyZzyFBPc27TTMpLmievhPT19N/CRe3/a8i2Z8RDAOUKW3SICv7doERzhJn+8Svbqq10kUYzgPj82Z1JW8dZMFDzlUe"
    "9v8yosezChfqy9VGJFC7a8+7RbwtYVwf0T2mF2csfD48YZ9yLdH5sKcLPc3Jlu3S6WkCfnqTOk0AjWkwyy3cmAIDAQAB";
inline constexpr std::string_view spki_768 =
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAN7YuZspjm+J4lbEQPjpNR2EKnjnlWLTwtOqcPDjjyfBIi2cCYSTgShvLWTXX9qsVuBF"
    "fhstNQpu/DEpNv48Dohx3oeYfp46oIA3HEQySHNTS3fBaCZqzAjfCZvlkXsK+QIDAQAB";
inline constexpr std::string_view spki_1024 =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDSQ+1ER5/SYi04hD5UPLaE7LQesarogtDx2EF01JplroY0YHEz3dad3pEyvQb9"
    "75x+V31a0ot13++nguu/PA7wB44POD+rdl/tgT3uw2nuXftcvs34DBFswZN2eIbhjVN8RCJBrfXjwpe1pQ+I4ZPMxql8yvci+/BN"
    "e0HtkkQKZwIDAQAB";
inline constexpr std::string_view spki_4096 =
    "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAzouUPo0I1Gu5tgkf+Q3MfwVeGn9Tyes8lSyBdFCsTHgeLIZZAXtpa6gG"
    "sCQTAozEJ/skTNEwMC7U9xpTn2Fg/l7CPFkGZG7Nv+S5Un9D/zZ3rDQSevGIJ/0ijA5FgOCbcPyoGgM6awqQvvxFtHtJHuKK1mli"
    "CD1WopkamKcT8LnMX1lkiuftJLU/78UxqlWOdy/CjA7Phn/qF+kak2/9ySBHXkbOU19jMIotu3b62GKHxckYpAFNn2OsSRj2iF6T"
    "pifA+8+5Ek5eBywaGadGU0JKHChm0uRIcazq+/lLhnkzFaEUyeK/dPFhSu5V7W8MgggUlRboxh8Ph7bFOLkL5wgfzBgScN9WpECy"
    "35UzwQ8C2nlHCcG6+Clv18bk6V4Df0ILOr6yDuNBo+A3vAHTDmBZDssSLaVJ8M8l/Ox9v/Pm/AjVOUkMrWA0/KGUmSeJBuVUxACS"
    "t2FZWk7Kb+ijs/9CandbkuY01OnqwYLOIPeagvzgAdmvMBlsoeTKtxT5drNvwknrHEcb0zscjxTyfHxhVcsjiLj3x2O7Tp4v8jlP"
    "BiD3GZuPQvYJ0ft6Fcg+3IeIhhDziWVkbrc4uGeztPbwqxjI398LRnq3VLNk3/E9uFsOrrLV+rT3WNSyBI6iVwQZw3aDtmS9C/6E"
    "cdf5DNloNStB/9liNJ92Zw0aP2MCAwEAAQ==";
inline constexpr std::string_view spki_4224 =
    "MIICMjANBgkqhkiG9w0BAQEFAAOCAh8AMIICGgKCAhEA37bhAwEAkpdmfU424prJ4LiAOQgOKIcj7JIciHupHpJyRHZJrPFoPqh4"
    "vo1X5CzSYmJ9yI8xwAPycu9tr0GHM4lEW8zjF3HN8Z1yY9BdgwJSbyPPcNOXicYk1QSor6vCSQmtiLltHFjvp33XijPkq3XRASw1"
    "FSeM1t30WrT82nCAD2RV3WYD/AG1nDxM8Zz9bCW8NvaTwhvUwiD/C2k50ZMaMWkm/igHuGOXAVxenBk+Hk6UgwsLYFz3Dm6a7Sm1"
    "jwPkuZlhg3esg7ryN1hh0QLLc91Lew5i7b66oleJTx7NvFpPcCzRuE6RKT8ctM+JQIPP24Z9//Cpy4j6ifGp4GuCXi45XqqD+D4g"
    "2OlSHOFkX7UYdI9KsBXOaqOojAZ45ZzD4uL9IAl49vEAQOFnYKF5suN3XixP2qYYE5o4xpKaoA4qsHYO1RYAMSWsRpiLfJFl6AKl"
    "1BiDJ7mycEQ0Q+LvB5aeq8Uk/TqZjtGNr6oLsBswJx0+5Ynz2x/vBIen0Jrumz1QVxkRjmC7ZlmoxrgUprNsaQn5Kjeg9VMBwLMV"
    "BLmV1fcExBxcwakclafM4LM1Gx8EttkHtwJQQpruqeTXxA5gHnTxSFrglpjRi9PxUM7Epc2KiIWo4vyGO2UMTLDRD2bzwdH4ag+I"
    "63L1pILBk1FcMF+MGh/xopyWYCUFh3JxMzWOVRSGhgB4grW5AgMBAAE=";
/// 2048 bits.
inline constexpr std::string_view spki_exponent_3 =
    "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAym60PfaM7vMIyD8KxsAK0WFdIaw7sQILgeGumXKYK80Vo4Ty93/tt3/D"
    "RFVCEGWWwvHwQ+faZfiCfU4z+Yz7DSWSa6jTalx0h73vqcW7O+fjMulMH9SOXcG3E6ASzOms2eUSAxHbkdzzR0mYsIbPy3Cq97NV"
    "9uzyolfKFDaaMKPr9EPv03++z+xhZFHo7vIFTGz2aUt4FxmvlvLOOnfvQ+deVfceHnycvwLNFZJVKUV7KLDsU2aj4iucRV7Kiw7H"
    "+lokKxfpzkO8TYzN/FKExu3P4jgu8/JhUFouoQheH9xcPAP+7tLBdiJiJwpBVBkj+ouLAGJNgbGzH0ZTi+rfIwIBAw==";
/// Right signatures over `rsa_unsigned` by keys whose private halves were thrown away.
inline constexpr std::string_view signature_1024 =
    "QvP8LIkxLzxwVarttQbPQnlITOWka59r6Z6Lbs8_OGiKzOtzaqYy4v6_znQuzYsDX_zzX31-XSIcmdRt0kxK_UcaoJ446fcuevdu"
    "s_zzsWUaN3zwbLG7uT62bX6vyAZOpR53i4l5Wm2C74miTk7opkMIz7r2zPXBDLhmdjwaGBQ";
inline constexpr std::string_view signature_4096 =
    "VjIY3DwN0Ii-4FTLjY-yCOECqWjrDn8Lnk8oN78soUnWmi-hrGsCsRGYEaUXnREAyjnrJ2Wp1ns7NWwNgVGwZgj4BAPXVUK5Q4yY"
    "xvYsyW7c4s3f1eApvCWU5WR4GBtuu6gMLIVw4Li8r6wjoJ4LLEAqM85-5bcIltLaWF4XJ_Yr1zb7NB9n7Pj4pbzgx5YCv7xs0KfF"
    "rtfFiVzS3HQ5pQSq-PYBCgdT1RrdpV3FHcctr_9iUIIzEbw5_91yAb_SggZWca5-yVkbGKzDGrLn1ivt4IqFsUv9Z0hBLlDaSNo_"
    "7cWHN2g6CKIPJX0oV-RLEP80zU6j7f7SJ5EiULrzFdiwB0xWjLase1w8_9c2ho2aLO5g6U5_b7wrPlAs-LU3FK0QEQIoGBTKX72e"
    "XOGY5OzeSSgrhakgCLw4-DrduF4iFafNRzY9pFKTUCDyPwgbdqtLNyPzUsAEcQGCWIs7gplznjsFAuCcqmsBJOb7N1zRbnXcJ33V"
    "CazgSWbV6SXmDPDhoQmoltlXYcqs3JoLh0UJwJnMPwi3etRW5yQGJFcNEXrGAznDpOzWHgH05se4-fRYpqoIOg1G-nzY-X7p9IWV"
    "svyJ_oLITTGEOS4fPWixKwGLSzed_SeJ9i_Pi_XjNxGTr7Wus3XYqroKb82d0Xr3qUsz8MUNP0SneaBCBbw";
inline constexpr std::string_view signature_exponent_3 =
    "pX-G62pNzy0DTGPr-fsHudRdmfOJEGULvkKhiyByXvpJNo-pB8pL6kho-585Ky1qAbGP8qgtNAjCLW7JBj78VJuWNEMZD71dfYX8"
    "Y_dyC5WRDS4jTvpjhf3fAL-PFxj8JFX7Rz8xumBbAB6mH-0zeZYqZpkZx_q9ROert_hmu7CVmf6umaLDXpaBJHyCGOXmDgdqht9x"
    "-hOe1gLSZfr67RHplUXUFdhFpXBqrkVAY_aQsyxGlMcWjy6E78yuwjNjfFVO_Gb78lBY9bjVd7wMQKX5BWi0zlez0DJL7ftCRMMY"
    "aRq1TZzG1fm3MwOtHK_ZWL8agsfTcJSBARhIIYWyrQ";

}  // namespace cas::vectors::material
