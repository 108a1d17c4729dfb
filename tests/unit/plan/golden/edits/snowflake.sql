WITH "ACTIVATION_OLD" AS (
  SELECT
    CASE
      WHEN CAST("M"."ID" AS VARCHAR) = ''
      OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
      OR CAST("M"."ID" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
      ELSE CAST("M"."ID" AS VARCHAR)
    END AS "IDENTITY",
    COALESCE("M"."VISITS", 0) AS "T_VISITS",
    "M"."EMAIL" AS "T_EMAIL",
    "M"."PLAN" AS "T_OLD"
  FROM (select * from shop.people -- all
  ) AS "M"
  WHERE
    NOT CASE
      WHEN CAST("M"."ID" AS VARCHAR) = ''
      OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
      OR CAST("M"."ID" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
      ELSE CAST("M"."ID" AS VARCHAR)
    END IS NULL
), "ACTIVATION_NEW" AS (
  SELECT
    CASE
      WHEN CAST("M"."ID" AS VARCHAR) = ''
      OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
      OR CAST("M"."ID" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
      ELSE CAST("M"."ID" AS VARCHAR)
    END AS "IDENTITY",
    "M"."PLAN" AS "T_PLAN",
    COALESCE("M"."VISITS", 0) AS "T_VISITS",
    "M"."EMAIL" AS "T_EMAIL"
  FROM (select id, email, plan, visits from shop.people where visits > 1
  ) AS "M"
  WHERE
    NOT CASE
      WHEN CAST("M"."ID" AS VARCHAR) = ''
      OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
      OR CAST("M"."ID" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
      ELSE CAST("M"."ID" AS VARCHAR)
    END IS NULL
)
SELECT
  COUNT(
    DISTINCT CASE
      WHEN NOT "N"."IDENTITY" IS NULL AND NOT (
        NOT "O"."IDENTITY" IS NULL
      )
      THEN "K"."IDENTITY"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "O"."IDENTITY" IS NULL AND NOT (
        NOT "N"."IDENTITY" IS NULL
      )
      THEN "K"."IDENTITY"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "O"."IDENTITY" IS NULL
      AND NOT "N"."IDENTITY" IS NULL
      AND (
        NOT "N"."T_PLAN" IS NULL
        OR (
          NOT (
            FALSE
          ) AND "O"."T_VISITS" IS DISTINCT FROM "N"."T_VISITS"
        )
        OR (
          NOT (
            FALSE
          ) AND "O"."T_EMAIL" IS DISTINCT FROM "N"."T_EMAIL"
        )
        OR NOT "O"."T_OLD" IS NULL
      )
      THEN "K"."IDENTITY"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "O"."IDENTITY" IS NULL
      AND NOT (
        COALESCE((
          "S"."IS_MEMBER" OR NOT "S"."UNCONFIRMED" IS NULL
        ), FALSE)
      )
      THEN "K"."IDENTITY"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN COALESCE((
        "S"."IS_MEMBER" OR NOT "S"."UNCONFIRMED" IS NULL
      ), FALSE)
      AND "O"."IDENTITY" IS NULL
      THEN "K"."IDENTITY"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "O"."IDENTITY" IS NULL
      AND COALESCE((
        "S"."IS_MEMBER" OR NOT "S"."UNCONFIRMED" IS NULL
      ), FALSE)
      AND (
        (
          "O"."T_VISITS" IS DISTINCT FROM "S"."T_VISITS"
          OR (
            COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0
            OR COALESCE("S"."UNSURE" = '*', FALSE)
          )
        )
        OR (
          MD5('' || CAST("O"."T_EMAIL" AS VARCHAR)) IS DISTINCT FROM "S"."T_EMAIL"
          OR (
            COALESCE(CHARINDEX(',t_email,', "S"."UNSURE"), 0) > 0
            OR COALESCE("S"."UNSURE" = '*', FALSE)
          )
        )
      )
      THEN "K"."IDENTITY"
      ELSE CAST(NULL AS VARCHAR)
    END
  )
FROM (
  SELECT
    "S"."IDENTITY"
  FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
  WHERE
    (
      "S"."IS_MEMBER" OR NOT "S"."UNCONFIRMED" IS NULL
    )
  UNION
  SELECT
    "IDENTITY"
  FROM "ACTIVATION_OLD"
  UNION
  SELECT
    "IDENTITY"
  FROM "ACTIVATION_NEW"
) AS "K"
LEFT JOIN "ACTIVATION_OLD" AS "O"
  ON "O"."IDENTITY" = "K"."IDENTITY"
LEFT JOIN "ACTIVATION_NEW" AS "N"
  ON "N"."IDENTITY" = "K"."IDENTITY"
LEFT JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
  ON "S"."IDENTITY" = "K"."IDENTITY";
