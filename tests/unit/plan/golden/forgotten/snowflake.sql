SELECT
  COUNT(*),
  SUM("FINGERPRINT"),
  SUM(CASE WHEN NOT "FINGERPRINT" IS NULL THEN HASH("FINGERPRINT") ELSE NULL END),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'unidentified' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'forgotten' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'address-missing' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'null-refused' THEN 1 ELSE 0 END), 0)
FROM (
  SELECT
    "R".*,
    CASE
      WHEN "R"."DETAIL" = 'unidentified'
      THEN 'invalid'
      WHEN "R"."DETAIL" = 'forgotten'
      THEN 'suppressed'
      WHEN "R"."DETAIL" = 'address-missing'
      THEN 'invalid'
      WHEN "R"."DETAIL" = 'null-refused'
      THEN 'invalid'
      ELSE CAST(NULL AS VARCHAR)
    END AS "FATE",
    CASE
      WHEN NOT "R"."DETAIL" IS NULL
      THEN NULL
      ELSE HASH(
        CAST('3;snowflake 1;e9502b6c79a9d6a966d008ae267e0ef0' AS VARCHAR),
        "R"."IDENTITY",
        "R"."EXTERNAL_KEY",
        "R"."T_EMAIL",
        "R"."T_PLAN",
        "R"."T_VISITS"
      )
    END AS "FINGERPRINT"
  FROM (
    SELECT
      "R".*,
      CASE
        WHEN "R"."IDENTITY" IS NULL
        THEN 'unidentified'
        WHEN (
          NOT "FORGOTTEN_1"."PERSON" IS NULL
          OR NOT "FORGOTTEN_2"."PERSON" IS NULL
          OR NOT "FORGOTTEN_3"."PERSON" IS NULL
        )
        THEN 'forgotten'
        WHEN "R"."EXTERNAL_KEY" IS NULL
        THEN 'address-missing'
        WHEN "R"."T_PLAN" IS NULL
        THEN 'null-refused'
        ELSE CAST(NULL AS VARCHAR)
      END AS "DETAIL"
    FROM (
      SELECT
        CASE
          WHEN CAST("M"."ID" AS VARCHAR) = ''
          OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
          OR CAST("M"."ID" AS VARCHAR) LIKE '% '
          THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
          ELSE CAST("M"."ID" AS VARCHAR)
        END AS "IDENTITY",
        TRANSLATE(
          TRIM(
            CASE
              WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
              OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
              OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
              THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
              ELSE CAST("M"."EMAIL" AS VARCHAR)
            END,
            '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        ) AS "EXTERNAL_KEY",
        CASE
          WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
          OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
          OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
          THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
          ELSE CAST("M"."EMAIL" AS VARCHAR)
        END AS "EXTERNAL_ID",
        CAST(NULL AS VARCHAR) AS "RELATED_ID",
        CAST(NULL AS VARCHAR) AS "REASON",
        CAST(NULL AS VARCHAR) AS "EVENT",
        CAST(NULL AS TIMESTAMP) AS "OCCURRED_AT",
        "M"."PLAN" AS "T_PLAN",
        COALESCE("M"."VISITS", 0) AS "T_VISITS",
        "M"."EMAIL" AS "T_EMAIL",
        MD5(
          'forgotten:salt:' || CASE
            WHEN CAST("M"."ID" AS VARCHAR) = ''
            OR CHARINDEX(
              LEFT(CAST("M"."ID" AS VARCHAR), 1),
              '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'
            ) > 0
            OR CHARINDEX(
              RIGHT(CAST("M"."ID" AS VARCHAR), 1),
              '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'
            ) > 0
            THEN CASE
              WHEN CAST("M"."ID" AS VARCHAR) LIKE '%@%'
              THEN LOWER(
                NULLIF(
                  TRIM(CAST("M"."ID" AS VARCHAR), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                  ''
                )
              )
              ELSE NULLIF(
                TRIM(CAST("M"."ID" AS VARCHAR), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                ''
              )
            END
            WHEN CAST("M"."ID" AS VARCHAR) LIKE '%@%'
            THEN LOWER(CAST("M"."ID" AS VARCHAR))
            ELSE CAST("M"."ID" AS VARCHAR)
          END
        ) AS "FORGOTTEN_1",
        MD5(
          'forgotten:salt:' || CASE
            WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
            OR CHARINDEX(
              LEFT(CAST("M"."EMAIL" AS VARCHAR), 1),
              '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'
            ) > 0
            OR CHARINDEX(
              RIGHT(CAST("M"."EMAIL" AS VARCHAR), 1),
              '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'
            ) > 0
            THEN CASE
              WHEN CAST("M"."EMAIL" AS VARCHAR) LIKE '%@%'
              THEN LOWER(
                NULLIF(
                  TRIM(CAST("M"."EMAIL" AS VARCHAR), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                  ''
                )
              )
              ELSE NULLIF(
                TRIM(CAST("M"."EMAIL" AS VARCHAR), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                ''
              )
            END
            WHEN CAST("M"."EMAIL" AS VARCHAR) LIKE '%@%'
            THEN LOWER(CAST("M"."EMAIL" AS VARCHAR))
            ELSE CAST("M"."EMAIL" AS VARCHAR)
          END
        ) AS "FORGOTTEN_2",
        MD5(
          'forgotten:salt:email:' || TRANSLATE(
            TRIM(
              TRIM(CAST("M"."EMAIL" AS VARCHAR), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
              '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
            ),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          )
        ) AS "FORGOTTEN_3"
      FROM "SHOP"."PEOPLE" AS "M"
    ) AS "R"
    LEFT JOIN (
      SELECT DISTINCT
        "PERSON"
      FROM "SHOP_ACTIVATION"."FORGOTTEN"
    ) AS "FORGOTTEN_1"
      ON "FORGOTTEN_1"."PERSON" = "R"."FORGOTTEN_1"
    LEFT JOIN (
      SELECT DISTINCT
        "PERSON"
      FROM "SHOP_ACTIVATION"."FORGOTTEN"
    ) AS "FORGOTTEN_2"
      ON "FORGOTTEN_2"."PERSON" = "R"."FORGOTTEN_2"
    LEFT JOIN (
      SELECT DISTINCT
        "PERSON"
      FROM "SHOP_ACTIVATION"."FORGOTTEN"
    ) AS "FORGOTTEN_3"
      ON "FORGOTTEN_3"."PERSON" = "R"."FORGOTTEN_3"
  ) AS "R"
) AS "G";

CREATE TEMPORARY TABLE "ACTIVATION_GONE" AS
SELECT
  "N"."IDENTITY" AS "IDENTITY",
  CASE
    WHEN MIN("N"."NUMBER") = 0
    THEN 'forgotten'
    WHEN MIN("N"."NUMBER") = 1
    THEN 'forgotten'
    WHEN MIN("N"."NUMBER") = 2
    THEN 'forgotten'
    ELSE CAST(NULL AS VARCHAR)
  END AS "CAUSE"
FROM (
  SELECT
    "C"."IDENTITY" AS "IDENTITY",
    0 AS "NUMBER"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "C"."IDENTITY"
  JOIN (
    SELECT DISTINCT
      "PERSON"
    FROM "SHOP_ACTIVATION"."FORGOTTEN"
  ) AS "P"
    ON "P"."PERSON" = MD5(
      'forgotten:salt:' || CASE
        WHEN "S"."IDENTITY" = ''
        OR CHARINDEX(LEFT("S"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        OR CHARINDEX(RIGHT("S"."IDENTITY", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        THEN CASE
          WHEN "S"."IDENTITY" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM("S"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          )
          ELSE NULLIF(TRIM("S"."IDENTITY", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        END
        WHEN "S"."IDENTITY" LIKE '%@%'
        THEN LOWER("S"."IDENTITY")
        ELSE "S"."IDENTITY"
      END
    )
  WHERE
    NOT "C"."IS_WANTED"
  UNION ALL
  SELECT
    "C"."IDENTITY" AS "IDENTITY",
    1 AS "NUMBER"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "C"."IDENTITY"
  JOIN (
    SELECT DISTINCT
      "PERSON"
    FROM "SHOP_ACTIVATION"."FORGOTTEN"
  ) AS "P"
    ON "P"."PERSON" = MD5(
      'forgotten:salt:' || CASE
        WHEN "S"."EXTERNAL_ID" = ''
        OR CHARINDEX(LEFT("S"."EXTERNAL_ID", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        OR CHARINDEX(RIGHT("S"."EXTERNAL_ID", 1), '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿') > 0
        THEN CASE
          WHEN "S"."EXTERNAL_ID" LIKE '%@%'
          THEN LOWER(
            NULLIF(TRIM("S"."EXTERNAL_ID", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          )
          ELSE NULLIF(TRIM("S"."EXTERNAL_ID", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
        END
        WHEN "S"."EXTERNAL_ID" LIKE '%@%'
        THEN LOWER("S"."EXTERNAL_ID")
        ELSE "S"."EXTERNAL_ID"
      END
    )
  WHERE
    NOT "C"."IS_WANTED"
  UNION ALL
  SELECT
    "C"."IDENTITY" AS "IDENTITY",
    2 AS "NUMBER"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "C"."IDENTITY"
  JOIN (
    SELECT DISTINCT
      "PERSON"
    FROM "SHOP_ACTIVATION"."FORGOTTEN"
  ) AS "P"
    ON "P"."PERSON" = MD5(
      'forgotten:salt:email:' || TRANSLATE(
        TRIM(
          TRIM("S"."EXTERNAL_ID", '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　﻿'),
          '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
        ),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    )
  WHERE
    NOT "C"."IS_WANTED"
) AS "N"
GROUP BY
  "N"."IDENTITY";
