SELECT
  COUNT(*),
  COALESCE(SUM(CASE WHEN "detail" = 'unidentified' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "detail" = 'forgotten' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "detail" = 'address-missing' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "detail" = 'null-refused' THEN 1 ELSE 0 END), 0)
FROM (
  SELECT
    "r".*,
    CASE
      WHEN "r"."detail" = 'unidentified'
      THEN 'invalid'
      WHEN "r"."detail" = 'forgotten'
      THEN 'suppressed'
      WHEN "r"."detail" = 'address-missing'
      THEN 'invalid'
      WHEN "r"."detail" = 'null-refused'
      THEN 'invalid'
      ELSE CAST(NULL AS VARCHAR)
    END AS "fate"
  FROM (
    SELECT
      "r".*,
      CASE
        WHEN "r"."identity" IS NULL
        THEN 'unidentified'
        WHEN (
          NOT "forgotten_1"."person" IS NULL
          OR NOT "forgotten_2"."person" IS NULL
          OR NOT "forgotten_3"."person" IS NULL
        )
        THEN 'forgotten'
        WHEN "r"."external_key" IS NULL
        THEN 'address-missing'
        WHEN "r"."t_plan" IS NULL
        THEN 'null-refused'
        ELSE CAST(NULL AS VARCHAR)
      END AS "detail"
    FROM (
      SELECT
        CASE
          WHEN CAST("m"."id" AS VARCHAR) = ''
          OR CAST("m"."id" AS VARCHAR) LIKE ' %'
          OR CAST("m"."id" AS VARCHAR) LIKE '% '
          THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
          ELSE CAST("m"."id" AS VARCHAR)
        END AS "identity",
        TRANSLATE(
          TRIM(BOTH '	
                  　' FROM CASE
            WHEN CAST("m"."email" AS VARCHAR) = ''
            OR CAST("m"."email" AS VARCHAR) LIKE ' %'
            OR CAST("m"."email" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
            ELSE CAST("m"."email" AS VARCHAR)
          END),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        ) AS "external_key",
        CASE
          WHEN CAST("m"."email" AS VARCHAR) = ''
          OR CAST("m"."email" AS VARCHAR) LIKE ' %'
          OR CAST("m"."email" AS VARCHAR) LIKE '% '
          THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
          ELSE CAST("m"."email" AS VARCHAR)
        END AS "external_id",
        CAST(NULL AS VARCHAR) AS "related_id",
        CAST(NULL AS VARCHAR) AS "reason",
        CAST(NULL AS VARCHAR) AS "event",
        CAST(NULL AS TIMESTAMP(6)) AS "occurred_at",
        "m"."plan" AS "t_plan",
        COALESCE("m"."visits", 0) AS "t_visits",
        "m"."email" AS "t_email",
        LOWER(
          TO_HEX(
            MD5(
              TO_UTF8(
                'forgotten:salt:' || CASE
                  WHEN CAST("m"."id" AS VARCHAR) = ''
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR(CAST("m"."id" AS VARCHAR), 1, 1)
                  ) > 0
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR(CAST("m"."id" AS VARCHAR), LENGTH(CAST("m"."id" AS VARCHAR)) - (
                      1 - 1
                    ))
                  ) > 0
                  THEN CASE
                    WHEN CAST("m"."id" AS VARCHAR) LIKE '%@%'
                    THEN LOWER(
                      NULLIF(
                        TRIM('	
                  　﻿' FROM CAST("m"."id" AS VARCHAR)),
                        ''
                      )
                    )
                    ELSE NULLIF(
                      TRIM('	
                  　﻿' FROM CAST("m"."id" AS VARCHAR)),
                      ''
                    )
                  END
                  WHEN CAST("m"."id" AS VARCHAR) LIKE '%@%'
                  THEN LOWER(CAST("m"."id" AS VARCHAR))
                  ELSE CAST("m"."id" AS VARCHAR)
                END
              )
            )
          )
        ) AS "forgotten_1",
        LOWER(
          TO_HEX(
            MD5(
              TO_UTF8(
                'forgotten:salt:' || CASE
                  WHEN CAST("m"."email" AS VARCHAR) = ''
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR(CAST("m"."email" AS VARCHAR), 1, 1)
                  ) > 0
                  OR STRPOS(
                    '	
                  　﻿',
                    SUBSTR(CAST("m"."email" AS VARCHAR), LENGTH(CAST("m"."email" AS VARCHAR)) - (
                      1 - 1
                    ))
                  ) > 0
                  THEN CASE
                    WHEN CAST("m"."email" AS VARCHAR) LIKE '%@%'
                    THEN LOWER(
                      NULLIF(
                        TRIM('	
                  　﻿' FROM CAST("m"."email" AS VARCHAR)),
                        ''
                      )
                    )
                    ELSE NULLIF(
                      TRIM('	
                  　﻿' FROM CAST("m"."email" AS VARCHAR)),
                      ''
                    )
                  END
                  WHEN CAST("m"."email" AS VARCHAR) LIKE '%@%'
                  THEN LOWER(CAST("m"."email" AS VARCHAR))
                  ELSE CAST("m"."email" AS VARCHAR)
                END
              )
            )
          )
        ) AS "forgotten_2",
        LOWER(
          TO_HEX(
            MD5(
              TO_UTF8(
                'forgotten:salt:email:' || TRANSLATE(
                  TRIM(BOTH '	
                  　' FROM TRIM('	
                  　﻿' FROM CAST("m"."email" AS VARCHAR))),
                  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                  'abcdefghijklmnopqrstuvwxyz'
                )
              )
            )
          )
        ) AS "forgotten_3"
      FROM "shop"."people" AS "m"
    ) AS "r"
    LEFT JOIN (
      SELECT DISTINCT
        "person"
      FROM "shop_activation"."forgotten"
    ) AS "forgotten_1"
      ON "forgotten_1"."person" = "r"."forgotten_1"
    LEFT JOIN (
      SELECT DISTINCT
        "person"
      FROM "shop_activation"."forgotten"
    ) AS "forgotten_2"
      ON "forgotten_2"."person" = "r"."forgotten_2"
    LEFT JOIN (
      SELECT DISTINCT
        "person"
      FROM "shop_activation"."forgotten"
    ) AS "forgotten_3"
      ON "forgotten_3"."person" = "r"."forgotten_3"
  ) AS "r"
) AS "g";

CREATE TABLE "shop_activation"."scratch_00000000_gone_people__mailer"
WITH (
  table_type='ICEBERG',
  is_external=FALSE,
  location='s3://activation/shop_activation/scratch_00000000_gone_people__mailer/'
) AS
SELECT
  "n"."identity" AS "identity",
  CASE
    WHEN MIN("n"."number") = 0
    THEN 'forgotten'
    WHEN MIN("n"."number") = 1
    THEN 'forgotten'
    WHEN MIN("n"."number") = 2
    THEN 'forgotten'
    ELSE CAST(NULL AS VARCHAR)
  END AS "cause"
FROM (
  SELECT
    "c"."identity" AS "identity",
    0 AS "number"
  FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
  JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "c"."identity"
  JOIN (
    SELECT DISTINCT
      "person"
    FROM "shop_activation"."forgotten"
  ) AS "p"
    ON "p"."person" = LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            'forgotten:salt:' || CASE
              WHEN "s"."identity" = ''
              OR STRPOS('	
                  　﻿', SUBSTR("s"."identity", 1, 1)) > 0
              OR STRPOS(
                '	
                  　﻿',
                SUBSTR("s"."identity", LENGTH("s"."identity") - (
                  1 - 1
                ))
              ) > 0
              THEN CASE
                WHEN "s"."identity" LIKE '%@%'
                THEN LOWER(
                  NULLIF(TRIM('	
                  　﻿' FROM "s"."identity"), '')
                )
                ELSE NULLIF(TRIM('	
                  　﻿' FROM "s"."identity"), '')
              END
              WHEN "s"."identity" LIKE '%@%'
              THEN LOWER("s"."identity")
              ELSE "s"."identity"
            END
          )
        )
      )
    )
  WHERE
    NOT "c"."is_wanted"
  UNION ALL
  SELECT
    "c"."identity" AS "identity",
    1 AS "number"
  FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
  JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "c"."identity"
  JOIN (
    SELECT DISTINCT
      "person"
    FROM "shop_activation"."forgotten"
  ) AS "p"
    ON "p"."person" = LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            'forgotten:salt:' || CASE
              WHEN "s"."external_id" = ''
              OR STRPOS('	
                  　﻿', SUBSTR("s"."external_id", 1, 1)) > 0
              OR STRPOS(
                '	
                  　﻿',
                SUBSTR("s"."external_id", LENGTH("s"."external_id") - (
                  1 - 1
                ))
              ) > 0
              THEN CASE
                WHEN "s"."external_id" LIKE '%@%'
                THEN LOWER(
                  NULLIF(TRIM('	
                  　﻿' FROM "s"."external_id"), '')
                )
                ELSE NULLIF(TRIM('	
                  　﻿' FROM "s"."external_id"), '')
              END
              WHEN "s"."external_id" LIKE '%@%'
              THEN LOWER("s"."external_id")
              ELSE "s"."external_id"
            END
          )
        )
      )
    )
  WHERE
    NOT "c"."is_wanted"
  UNION ALL
  SELECT
    "c"."identity" AS "identity",
    2 AS "number"
  FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
  JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "c"."identity"
  JOIN (
    SELECT DISTINCT
      "person"
    FROM "shop_activation"."forgotten"
  ) AS "p"
    ON "p"."person" = LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            'forgotten:salt:email:' || TRANSLATE(
              TRIM(BOTH '	
                  　' FROM TRIM('	
                  　﻿' FROM "s"."external_id")),
              'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
              'abcdefghijklmnopqrstuvwxyz'
            )
          )
        )
      )
    )
  WHERE
    NOT "c"."is_wanted"
) AS "n"
GROUP BY
  "n"."identity";
