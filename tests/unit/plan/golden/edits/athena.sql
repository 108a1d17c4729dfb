WITH "activation_old" AS (
  SELECT
    CASE
      WHEN CAST("m"."id" AS VARCHAR) = ''
      OR CAST("m"."id" AS VARCHAR) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
      ELSE CAST("m"."id" AS VARCHAR)
    END AS "identity",
    COALESCE("m"."visits", 0) AS "t_visits",
    "m"."email" AS "t_email",
    "m"."plan" AS "t_old"
  FROM "shop_activation"."scratch_00000000_(select * from shop.people -- all
)_people__mailer" AS "m"
  WHERE
    NOT CASE
      WHEN CAST("m"."id" AS VARCHAR) = ''
      OR CAST("m"."id" AS VARCHAR) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
      ELSE CAST("m"."id" AS VARCHAR)
    END IS NULL
), "activation_new" AS (
  SELECT
    CASE
      WHEN CAST("m"."id" AS VARCHAR) = ''
      OR CAST("m"."id" AS VARCHAR) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
      ELSE CAST("m"."id" AS VARCHAR)
    END AS "identity",
    "m"."plan" AS "t_plan",
    COALESCE("m"."visits", 0) AS "t_visits",
    "m"."email" AS "t_email"
  FROM "shop_activation"."scratch_00000000_(select id, email, plan, visits from shop.people where visits > 1
)_people__mailer" AS "m"
  WHERE
    NOT CASE
      WHEN CAST("m"."id" AS VARCHAR) = ''
      OR CAST("m"."id" AS VARCHAR) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
      ELSE CAST("m"."id" AS VARCHAR)
    END IS NULL
)
SELECT
  COUNT(
    DISTINCT CASE
      WHEN NOT "n"."identity" IS NULL AND NOT (
        NOT "o"."identity" IS NULL
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL AND NOT (
        NOT "n"."identity" IS NULL
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL
      AND NOT "n"."identity" IS NULL
      AND (
        NOT "n"."t_plan" IS NULL
        OR (
          NOT (
            FALSE
          ) AND "o"."t_visits" IS DISTINCT FROM "n"."t_visits"
        )
        OR (
          NOT (
            FALSE
          ) AND "o"."t_email" IS DISTINCT FROM "n"."t_email"
        )
        OR NOT "o"."t_old" IS NULL
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL
      AND NOT (
        COALESCE((
          "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
        ), FALSE)
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN COALESCE((
        "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
      ), FALSE)
      AND "o"."identity" IS NULL
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR)
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL
      AND COALESCE((
        "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
      ), FALSE)
      AND (
        (
          "o"."t_visits" IS DISTINCT FROM "s"."t_visits"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR (
          LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("o"."t_email" AS VARCHAR))))) IS DISTINCT FROM "s"."t_email"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR)
    END
  )
FROM (
  SELECT
    "s"."identity"
  FROM "shop_activation"."snapshot_people__mailer" AS "s"
  WHERE
    (
      "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
    )
  UNION
  SELECT
    "identity"
  FROM "activation_old"
  UNION
  SELECT
    "identity"
  FROM "activation_new"
) AS "k"
LEFT JOIN "activation_old" AS "o"
  ON "o"."identity" = "k"."identity"
LEFT JOIN "activation_new" AS "n"
  ON "n"."identity" = "k"."identity"
LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
  ON "s"."identity" = "k"."identity";
